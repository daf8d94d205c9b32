"""Figures of speed and size, measured by ``make bench`` and never by the tests: a shared machine fails no build."""
