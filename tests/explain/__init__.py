"""Tests of what explains an incident."""
