"""The operator's door: the ``borderlands`` command."""
