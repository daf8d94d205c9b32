"""Replies: what a text from a phone says, and which request it means."""
