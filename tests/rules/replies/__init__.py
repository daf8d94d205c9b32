"""Replies as people type them."""
