"""The defaults of a policy's keys never change: docs/decisions/0011-the-policy-hash-leaves-out-defaults.md."""

from tests.policy.defaults import REQUIRED, defaults, golden


def test_no_default_of_a_policy_changes() -> None:
    """A changed one would change what published policies mean and leave their hashes as they are; a key that is gone
    would leave them unreadable."""
    now = defaults()
    changed = {key: (was, now.get(key, "gone")) for key, was in golden().items() if now.get(key, "gone") != was}
    assert changed == {}, "give new behaviour a new key, or a new value of this one"


def test_every_key_of_a_policy_is_in_the_list() -> None:
    """A new key has a default, so that policies without it are still read, and its default is kept in the list."""
    fresh = {key: default for key, default in defaults().items() if key not in golden()}
    assert fresh == {}, "run `python -m tests.policy.defaults` and commit the list"
    assert golden()["Policy.change"] == "null"
    assert golden()["Policy.limits"] == REQUIRED
    assert golden()["LadderStep.deliver_within"] == "null"
    assert golden()["Clause.min_severity"] == '"Minor"'
