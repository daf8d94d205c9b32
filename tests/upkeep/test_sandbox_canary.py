"""The canary of a sandbox: on where it can reach a made-up test phone, and never put in place of the policy's own."""

from pathlib import Path

import pytest

from console.bring_up import with_canary
from schemas.policy.load import load_policy
from schemas.policy.models import Canary, Policy
from tests.policy.conftest import SHIPPED

EXAMPLE = SHIPPED / "directory.example.yaml"


@pytest.fixture(scope="module")
def shipped() -> Policy:
    """The shipped policy, which names no test phone."""
    return load_policy(SHIPPED)


def test_the_example_has_a_phone_for_it(shipped: Policy) -> None:
    """With the made-up people of the example the sandbox has a canary, in the language of the first party."""
    canary = with_canary(shipped, EXAMPLE).canary
    assert canary is not None
    assert (canary.contact, canary.party) == ("canary-phone", shipped.parties[0].id)


def test_the_version_is_that_of_the_policy_with_its_canary(shipped: Policy) -> None:
    """A version worked out before does not stay on the changed policy, which would be published under a false one."""
    before = shipped.version
    changed = with_canary(shipped, EXAMPLE)
    assert changed.version != before
    assert Policy.model_validate_json(changed.model_dump_json()).version == changed.version


def test_the_policys_own_canary_stays(shipped: Policy) -> None:
    """Who names a test phone gets that one."""
    own = shipped.model_copy(update={"canary": Canary(contact="mine", party="birzai", every=300)})
    assert with_canary(own, EXAMPLE) is own


@pytest.mark.parametrize("change", ["no phone", "a person", "mistakes", "no file"])
def test_without_a_test_phone_there_is_none(shipped: Policy, tmp_path: Path, change: str) -> None:
    """A directory of one's own without that phone, or with a person of that name, gets no canary."""
    path = tmp_path / "directory.yaml"
    text = EXAMPLE.read_text("utf-8")
    texts = {
        "no phone": text.replace("canary-phone:", "another-phone:"),
        "a person": text.replace("test_phone: true\n", "test_phone: false\n"),
        "mistakes": text + "nonsense: 1\n",
    }
    if change in texts:
        path.write_text(texts[change], encoding="utf-8")
    assert with_canary(shipped, path) is shipped
