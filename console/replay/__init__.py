"""The log once more: what would have happened by other rules, the evening again, an exercise of it, texts anew."""
