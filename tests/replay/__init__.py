"""Tests of the operator's door: the command, what it prints, and the processes it keeps running."""
