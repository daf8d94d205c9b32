"""Finding incidents by words."""
