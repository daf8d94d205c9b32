"""SMPP against a server that is not ours: the one of npm's `smpp`, run by node."""
