"""Keeping what happened: files exported from the topics, restoring them, and how long records stay."""
