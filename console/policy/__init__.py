"""``borderlands policy``: the life of a policy, from its files to the topic and back."""
