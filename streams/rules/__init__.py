"""The pure rules: where a place is, who must know of an event, what an incident owes. ``now`` is an argument."""
