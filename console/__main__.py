"""``python -m console`` is ``borderlands``."""

from console.main import main

main()
