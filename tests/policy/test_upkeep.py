"""``upkeep.yaml``: how the system checks itself and the people it reaches."""

from pathlib import Path

import pytest

from schemas.policy.directory import Contact
from schemas.policy.directory_file import check_directory, load_directory
from schemas.policy.load import load_policy, read_policy
from schemas.policy.models import Canary, Policy
from schemas.vocabulary import Channel
from tests.policy.conftest import SHIPPED

CANARY = "canary:\n  contact: {contact}\n  party: {party}\n  every: {every}\n"


def _mistakes(folder: Path, text: str) -> list[str]:
    (folder / "upkeep.yaml").write_text(text, encoding="utf-8")
    return [str(mistake) for mistake in read_policy(folder).mistakes]


def test_the_shipped_policy_asks_once_a_month_and_has_no_canary() -> None:
    """Nobody gets a canary until a test phone is named."""
    policy = load_policy(SHIPPED)
    assert policy.canary is None
    assert policy.contact_checks is not None
    assert policy.contact_checks.every == 30 * 86400


def test_the_file_may_be_missing(policy_dir: Path) -> None:
    """Without it nobody is asked but by hand."""
    (policy_dir / "upkeep.yaml").unlink()
    policy = load_policy(policy_dir)
    assert (policy.canary, policy.contact_checks) == (None, None)


def test_a_test_phone_is_taken_over(policy_dir: Path) -> None:
    """A canary goes by SMS unless the file says otherwise."""
    assert _mistakes(policy_dir, CANARY.format(contact="canary-phone", party="vecumnieki", every="5 min")) == []
    canary = Canary(contact="canary-phone", party="vecumnieki", every=300, channels=(Channel.SMS,))
    assert load_policy(policy_dir).canary == canary


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            CANARY.format(contact="canary-phone", party="vecumniki", every="5 min"),
            (
                "upkeep.yaml:3: error: there is no party 'vecumniki' in parties.yaml (canary.party); "
                "did you mean 'vecumnieki'?"
            ),
        ),
        (
            CANARY.format(contact="birzai-duty", party="birzai", every="5 min"),
            (
                "upkeep.yaml:2: error: 'birzai-duty' holds a role in roles.yaml: a person would get a text every few "
                "minutes (canary.contact); name a test phone that holds no role"
            ),
        ),
        (
            CANARY.format(contact="canary-phone", party="birzai", every="30 s"),
            (
                "upkeep.yaml:4: error: a canary would go out more often than once a minute for each partition "
                "(canary.every); write 1 min or more; 5 min is usual"
            ),
        ),
        (
            "contact_checks:\n  every: 1 d\n",
            (
                "upkeep.yaml:2: error: contacts would be asked more often than once a week (contact_checks.every); "
                "write 7 d or more; 30 d is usual"
            ),
        ),
    ],
)
def test_what_could_never_work_is_named(policy_dir: Path, text: str, expected: str) -> None:
    """Each mistake comes with its file and line and a way to mend it."""
    assert _mistakes(policy_dir, text) == [expected]


def test_a_file_of_texts_without_a_section_is_named(policy_dir: Path) -> None:
    """A policy may not be activated with words missing, though one published earlier can still be read."""
    path = policy_dir / "texts" / "lt.yaml"
    path.write_text(path.read_text("utf-8").split("\nreplies:")[0] + "\n", encoding="utf-8")
    (mistake,) = read_policy(policy_dir).mistakes
    assert str(mistake).startswith("texts/lt.yaml:")
    assert "the section 'replies' is missing" in mistake.problem


PHONE = {"name": "Test phone", "language": "lv", "sms": "+37120001999", "test_phone": True}


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        (None, "the canary's contact 'canary-phone' is not in the directory"),
        (PHONE | {"test_phone": False}, "is no test phone: a person would get a text every few minutes"),
        (PHONE | {"purpose": "exercise"}, "is for exercises, and a canary is none"),
        (PHONE | {"sms": None, "email": "a@b.lv"}, "has no sms in the directory"),
    ],
)
def test_the_canarys_contact_is_a_test_phone_in_the_directory(
    policy_dir: Path, contact: dict[str, object] | None, expected: str
) -> None:
    """A canary that would reach nobody, or a person, is found before the policy is activated."""
    assert _mistakes(policy_dir, CANARY.format(contact="canary-phone", party="vecumnieki", every="5 min")) == []
    directory = load_directory(SHIPPED / "directory.example.yaml")
    contacts = {name: one for name, one in directory.contacts.items() if name != "canary-phone"}
    if contact is not None:
        contacts["canary-phone"] = Contact.model_validate(contact)
    changed = directory.model_copy(update={"contacts": contacts})
    (mistake,) = check_directory(load_policy(policy_dir), changed, policy_dir)
    assert expected in mistake.problem
    assert mistake.level == "error"
    assert (mistake.file, mistake.line) in {("upkeep.yaml", 2), ("upkeep.yaml", 1)}


def test_a_good_test_phone_is_no_mistake(policy_dir: Path) -> None:
    """The example's own phone fits, and no role must name it."""
    assert _mistakes(policy_dir, CANARY.format(contact="canary-phone", party="vecumnieki", every="5 min")) == []
    directory = load_directory(SHIPPED / "directory.example.yaml")
    assert check_directory(load_policy(policy_dir), directory, policy_dir) == ()


def test_a_release_that_knows_more_still_knows_an_older_policy() -> None:
    """A key that a later release adds does not change the version of a policy that was published without it."""

    class Later(Policy):
        """The policy of a later release."""

        something_new: int | None = None
        with_a_default: tuple[str, ...] = ("sms",)

    policy = load_policy(SHIPPED)
    read = Later.model_validate_json(policy.model_dump_json(exclude_none=True))
    assert read.version == policy.version
    assert read.with_parts(something_new=1).version != policy.version
    assert policy.with_parts(contact_checks=None).version != policy.version
