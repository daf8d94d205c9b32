"""The private directory of people: numbers, mailboxes, purposes, and its fit with a policy."""

from pathlib import Path

import pytest

from schemas.policy.directory import Directory
from schemas.policy.directory_file import check_directory, load_directory, read_directory
from schemas.policy.load import load_policy
from schemas.policy.mistakes import Mistake, PolicyMistakes
from schemas.policy.models import Policy
from tests.policy.conftest import SHIPPED

EXAMPLE = SHIPPED / "directory.example.yaml"


def write(tmp_path: Path, contact: str, *, fictional: str = "true") -> Path:
    """A directory file with one contact, whose keys stand from line 5 on."""
    path = tmp_path / "directory.yaml"
    keys = "".join(f"    {line}\n" for line in contact.splitlines())
    path.write_text(f"# people\nfictional: {fictional}\ncontacts:\n  one:\n{keys}", encoding="utf-8")
    path.chmod(0o600)
    return path


def mistake_of(path: Path) -> Mistake:
    with pytest.raises(PolicyMistakes) as caught:
        load_directory(path)
    assert len(caught.value.mistakes) == 1, str(caught.value)
    return caught.value.mistakes[0]


@pytest.mark.parametrize(
    ("language", "written", "number"),
    [
        ("lv", '"+371 2612 3450"', "+37126123450"),
        ("lv", "2612 3450", "+37126123450"),
        ("lv", "+37126123450", "+37126123450"),
        ("lt", '"+370 612 34567"', "+37061234567"),
        ("lt", "8 612 34567", "+37061234567"),
        ("lt", "0 612 34567", "+37061234567"),
        ("lt", "8-612-34567", "+37061234567"),
        ("lv", "00371 26123450", "+37126123450"),
        ("en", '"+371 2612 3450"', "+37126123450"),
        ("lv\ncountry: LT", "8 612 34567", "+37061234567"),
    ],
)
def test_numbers_are_normalised(tmp_path: Path, language: str, written: str, number: str) -> None:
    """Spaces, the Lithuanian trunk prefixes 8 and 0, and national forms become one international form."""
    directory = load_directory(write(tmp_path, f"name: A B\nlanguage: {language}\nsms: {written}"))
    assert directory.contacts["one"].sms == number


@pytest.mark.parametrize(
    ("contact", "line", "problem", "mend"),
    [
        ('name: A\nlanguage: lv\nsms: "+371 6390 0000"', 7, "a landline cannot receive SMS", "mobile number"),
        ("name: A\nlanguage: lt\nsms: 8 458 71222", 7, "a landline cannot receive SMS", "email"),
        ('name: A\nlanguage: lv\nsms: "112"', 7, "an emergency number", "never calls one"),
        ('name: A\nlanguage: lv\nsms: "+371 2612"', 7, "no such number exists", "digits"),
        ("name: A\nlanguage: en\nsms: 2612 3450", 7, "not a telephone number", "+371 2…"),
        ("name: A\nlanguage: lv\nsms: 26123450", 7, "read as a number", "quotes"),
        ("name: A\nlanguage: lv", 4, "a contact needs a channel", "sms, email or both"),
        ("name: A\nlanguage: lv\nemail: duty at example.org", 7, "not an e-mail address", "correct"),
        ("name: A\nlanguage: ru\nsms: '+37126123450'", 6, "'ru' is not a word", "lt"),
        ("name: A\nlanguage: lv\nscript: asci\nemail: a@example.org", 7, "'asci' is not a word", "'ascii'?"),
        ("name: A\nlanguage: lv\nemial: a@example.org", 7, "unknown key 'emial'", "'email'?"),
        ("name: A\nname: B\nlanguage: lv\nemail: a@example.org", 6, "the key 'name' stands twice", "rename"),
    ],
)
def test_a_mistake_in_a_contact(tmp_path: Path, contact: str, line: int, problem: str, mend: str) -> None:
    """Each slip about a person is named with its line and a way to mend it."""
    try:
        load_directory(write(tmp_path, contact))
    except PolicyMistakes as mistakes:
        found = [one for one in mistakes.mistakes if problem in one.problem]
    assert found
    assert (found[0].file, found[0].line) == ("directory.yaml", line)
    assert mend in found[0].problem + found[0].mend


def test_fictional_has_no_default(tmp_path: Path) -> None:
    """Whether people are real must be said."""
    path = write(tmp_path, "name: A\nlanguage: lv\nemail: a@example.org")
    path.write_text(path.read_text().replace("fictional: true\n", ""))
    assert mistake_of(path).problem == "the key 'fictional' is missing"


def test_real_people_in_a_file_open_to_all_is_a_warning(tmp_path: Path) -> None:
    """A directory of real people that everybody can read is pointed out, and still loads."""
    path = write(tmp_path, "name: A\nlanguage: lv\nemail: a@example.org", fictional="false")
    assert read_directory(path).mistakes == ()
    path.chmod(0o644)
    loaded = read_directory(path)
    assert loaded.directory is not None
    assert [one.level for one in loaded.mistakes] == ["warning"]
    assert "chmod" in loaded.mistakes[0].mend


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(SHIPPED)


def changed(**contacts: dict[str, object] | None) -> Directory:
    """The example directory with some contacts changed; None removes one."""
    data = load_directory(EXAMPLE).model_dump(mode="json")
    for name, change in contacts.items():
        contact = name.replace("_", "-")
        if change is None:
            del data["contacts"][contact]
        else:
            data["contacts"][contact] = {**data["contacts"].get(contact, {}), **change}
    return Directory.model_validate(data)


def test_a_contact_missing_from_the_directory(policy: Policy) -> None:
    """A role that names nobody is a mistake on its line of roles.yaml."""
    (mistake,) = check_directory(policy, changed(birzai_chief=None), SHIPPED)
    lines = (SHIPPED / "roles.yaml").read_text(encoding="utf-8").splitlines()
    assert "birzai-chief" in lines[mistake.line - 1]
    assert (mistake.file, mistake.problem) == ("roles.yaml", "contact 'birzai-chief' is not in the directory")


def test_a_channel_the_contact_does_not_have(policy: Policy) -> None:
    """Naming e-mail for somebody without a mailbox is a mistake."""
    (mistake,) = check_directory(policy, changed(birzai_chief={"email": None}))
    assert mistake.problem == "contact 'birzai-chief' has no email in the directory"


def test_a_contact_for_the_wrong_purpose(policy: Policy) -> None:
    """An exercise contact in a live role is a mistake: nobody real would be told."""
    (mistake,) = check_directory(policy, changed(birzai_chief={"purpose": "exercise"}))
    assert mistake.problem == "contact 'birzai-chief' is for purpose exercise, but is named under live"


def test_somebody_without_a_role_is_a_warning(policy: Policy) -> None:
    """People whom nobody would ever tell are pointed out."""
    extra: dict[str, object] = {"name": "A", "language": "lv", "email": "a@example.org"}
    (mistake,) = check_directory(policy, changed(nobody=extra))
    assert (mistake.level, mistake.problem) == ("warning", "the directory holds 'nobody', whom no role names")
