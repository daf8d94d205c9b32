"""Tests of the router: its loop, its decisions, and the real process on a real broker."""
