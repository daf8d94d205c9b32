"""Keeping: exported files, what is restored from them, and how long records stay."""
