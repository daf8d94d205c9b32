"""One mistake in a policy file each: the file, the line, and how to mend it."""

from pathlib import Path

import pytest

from schemas.policy.load import PolicyMistakes, load_policy, read_policy
from schemas.policy.mistakes import errors_of
from tests.policy.conftest import Spoil

BIRZAI = "agreements/birzai-vecumnieki.yaml"

# File, what stands there, what a slip makes of it, what the problem says, what the way to mend it says.
# fmt: off - one slip a line reads as a table
MISTAKES = [
    (BIRZAI, "min_severity: Severe", "min_severty: Severe", "unknown key 'min_severty'", "'min_severity'?"),
    (BIRZAI, "reply_within: 30 min", "reply_within: 30 minutes", "a duration is a whole number and a unit", "correct"),
    (BIRZAI, "reply_within: 30 min", "reply_within: 0 min", "does not fit", "greater than 0"),
    (BIRZAI, "[illegal_fishing,", "[ilegal_fishing,", "'ilegal_fishing' is not", "'illegal_fishing'?"),
    (BIRZAI, "parties: [birzai, vecumnieki]", "parties: [birzai, vecumniki]", "no party 'vecumniki'", "'vecumnieki'?"),
    (BIRZAI, "parties: [birzai, vecumnieki]", "parties: [birzai, joniskis]", "same country", "one party of LV and one"),
    (BIRZAI, "parties: [birzai, vecumnieki]", "parties: [birzai]", "needs at least 2 items", "add"),
    (BIRZAI, "askers: [birzai, vecumnieki]", "askers: [birzai, tervete]", "'tervete' is no party of this", "birzai"),
    (BIRZAI, "share: full", "share: ful", "no data_exchange profile 'ful'", "did you mean 'full'"),
    (BIRZAI, "follow_up_share: referral", "follow_up_share: full", "lets free text through", "without text"),
    (BIRZAI, "follow_up_share: referral", "follow_up_share: none", "no data_exchange profile 'none'", "profiles: "),
    (BIRZAI, "ladder: call_for_help", "ladder: call_for_hlp", "no ladder", "'call_for_help'?"),
    (BIRZAI, "min_severity: Severe", "min_severity: Unknown", "no threshold", "Minor, Moderate, Severe"),
    (BIRZAI, "- id: inform_severe", "- id: help", "the id 'help' stands twice in clauses", "its own id"),
    (BIRZAI, "successor_area: warn", "successor_area: maybe", "'maybe' is not a word", "allow"),
    (BIRZAI, "successor_area: warn", "successor_area: NO", "'NO' is not a word", "deny"),
    (BIRZAI, "signed: 2021-06-30", "signed: last summer", "'last summer' does not fit", "date"),
    (BIRZAI, "  full: [severity,", "  full: [seriousness,", "'seriousness' is not a word", "severity"),
    ("parties.yaml", 'duty_desk: "+37163900000"', 'front_desk: "+37163900000"', "no role", "duty_desk"),
    ("parties.yaml", 'duty_desk: "+37163900000"', 'duty_desk: "63900000"', "not a telephone number", "+371"),
    ("parties.yaml", 'duty_desk: "+37163900000"', "duty_desk: 63900000", "read as a number", "quotes: '63900000'"),
    ("parties.yaml", "time_zone: Europe/Riga", "time_zone: Europe/Ryga", "'Europe/Ryga' is not", "'Europe/Riga'?"),
    ("parties.yaml", "covered_area: birzai", "covered_area: birzi", "no outline of kind covered", "'birzai'?"),
    ("parties.yaml", "      unit: birzai", "      unit: birzia", "no unit 'birzia'", "did you mean 'birzai'"),
    ("parties.yaml", "- id: birzai", "- id: vecumnieki", "the id 'vecumnieki' stands twice", "its own id"),
    ("parties.yaml", "    country: LT\n", "", "the key 'country' is missing", "add 'country:'"),
    ("competence.yaml", "LV: {lead: vmd,", "LV: {lead: vmdd,", "no service 'vmdd'", "did you mean 'vmd'"),
    ("competence.yaml", "LV: {lead: vmd,", "LV: {lead: pagd,", "'pagd' belongs to LT, not to LV", "a service of LV"),
    ("competence.yaml", "  peat_fire:", "  peet_fire:", "'peet_fire' is not a word", "'peat_fire'?"),
    ("roles.yaml", "birzai-duty, channels: [sms, email]", "birzai-duty", "'channels' is missing", "add"),
    ("roles.yaml", "channels: [sms, email]", "channels: []", "too short", "at least 1"),
    ("roles.yaml", "channels: [sms, email]", "channels: [sms, fax]", "'fax' is not a word", "email"),
    ("roles.yaml", "birzai-exercise-duty", "birzai-duty", "in exercises and, on line", "of their own"),
    ("roles.yaml", "  birzai:", "  birzi:", "no party 'birzi'", "did you mean 'birzai'"),
    ("ladders.yaml", "[duty_desk, fire_chief]", "[duty_desk, fire_chef]", "no role 'fire_chef'", "fire_chief"),
    ("ladders.yaml", "send_within: 2 min, answer_within: 5 min", "send_within: 2 min", "never ends", "answer_within"),
    ("ladders.yaml", "- id: inform_now", "- id: call_for_help", "'call_for_help' stands twice", "its own id"),
    ("rates.yaml", "lane: routine, per", "lane: rutine, per", "'rutine' is not a word", "'routine'?"),
    (
        "rates.yaml",
        "{channel: email,",
        "{channel: sms,",
        "sms routine stands twice: here and on line",
        "one of the two",
    ),
    ("rates.yaml", "per_second: 10, burst: 50", "burst: 1, per_second: 1, unit: segments", "no segments", "messages"),
    ("rates.yaml", "one_per: 60 s", "one_per: 1 hour", "a duration is a whole number and a unit", "correct"),
    ("rates.yaml", "digest_from: 3", "digest_from: 1", "'1' does not fit", "greater than or equal to 2"),
    ("policy.yaml", "border_band_m: 1000", "border_band_m: 1 km", "'1 km' does not fit", "integer"),
    ("units.yaml", "successor: bauska", "successor: bausk", "no unit 'bausk'", "did you mean 'bauska'"),
    ("units.yaml", "code: LV-042", "code: LV-016", "stands twice: here and on line", "one of the two"),
    ("places.yaml", "bauska, parish: skaistkalne_pag", "birzai, parish: skaistkalne_pag", "the place in", "check"),
    ("places.yaml", "parish: skaistkalne_pag", "parish: skaistkalna_pag", "no parish", "'skaistkalne_pag'?"),
    ("areas/outlines.geojson", '"kind":"covered"', '"kind":"coverd"', "'coverd' is not a word", "'covered'?"),
]
# fmt: on


@pytest.mark.parametrize(("name", "old", "new", "problem", "mend"), MISTAKES)
def test_a_mistake_is_named_with_file_line_and_mend(
    spoil: Spoil, name: str, old: str, new: str, problem: str, mend: str
) -> None:
    """Every slip is reported on its own file and line, with a way to mend it."""
    line, mistakes = spoil(name, old, new)
    found = [one for one in mistakes if problem in one.problem and one.file == name]
    assert found, "\n".join(str(one) for one in mistakes)
    assert mend in found[0].mend
    assert found[0].level == "error"
    assert abs(found[0].line - line) <= 1, f"{found[0]}, spoilt line {line}"


def test_all_mistakes_are_named_at_once(policy_dir: Path) -> None:
    """Mistakes of several files, of their shape and of references between them, come in one list."""
    ladders, parties = policy_dir / "ladders.yaml", policy_dir / "parties.yaml"
    ladders.write_text(ladders.read_text().replace("send_within: 30 min", "send_within: soon"))
    parties.write_text(parties.read_text().replace("covered_area: akniste", "covered_area: aknistes"))
    (policy_dir / BIRZAI).write_text((policy_dir / BIRZAI).read_text().replace("share: full", "shar: full", 1))
    with pytest.raises(PolicyMistakes) as caught:
        load_policy(policy_dir)
    assert {mistake.file for mistake in caught.value.mistakes} == {"ladders.yaml", "parties.yaml", BIRZAI}
    assert all(f"{mistake.file}:{mistake.line}: error" in str(caught.value) for mistake in caught.value.mistakes)


def test_texts_in_the_wrong_file(policy_dir: Path) -> None:
    """Lithuanian words in the Latvian file would be sent to Latvian readers, so the policy is refused."""
    (policy_dir / "texts" / "lv.yaml").write_text((policy_dir / "texts" / "lt.yaml").read_text())
    (mistake,) = read_policy(policy_dir).mistakes
    assert (mistake.file, mistake.problem) == ("texts/lv.yaml", "texts/lv.yaml says it is in language 'lt'")


def test_a_misspelt_key_is_not_also_called_missing(spoil: Spoil) -> None:
    """A required key that is only misspelt gives one mistake, not two."""
    _, mistakes = spoil("parties.yaml", "covered_area: birzai", "coverd_area: birzai")
    assert [one.problem for one in mistakes] == ["unknown key 'coverd_area'"]


def test_a_duplicate_key_in_a_policy_file(spoil: Spoil) -> None:
    """A key that stands twice is refused, with the line of both."""
    line, mistakes = spoil("policy.yaml", "border_band_m: 1000", "border_band_m: 1000\nborder_band_m: 2")
    assert [(one.file, one.line) for one in mistakes] == [("policy.yaml", line + 1)]
    assert f"stands twice: here and on line {line}" in mistakes[0].problem


def test_bad_yaml_in_a_policy_file(spoil: Spoil) -> None:
    """What is not YAML is named with its line."""
    line, mistakes = spoil("policy.yaml", "border_band_m: 1000", "border_band_m: [1000")
    assert mistakes[0].file == "policy.yaml"
    assert line <= mistakes[0].line <= line + 1
    assert "not YAML" in mistakes[0].problem


def test_bad_json_in_the_outlines(spoil: Spoil) -> None:
    """A GeoJSON file that is not JSON is named with its line."""
    line, mistakes = spoil("areas/outlines.geojson", '"kind":"covered"', '"kind":"covered')
    assert any(one.line == line and "not JSON" in one.problem for one in mistakes)


@pytest.mark.parametrize("name", ["roles.yaml", "texts/lt.yaml", "areas/border.geojson"])
def test_a_missing_file_is_named(policy_dir: Path, name: str) -> None:
    """A policy without one of its files says which."""
    (policy_dir / name).unlink()
    mistakes = read_policy(policy_dir).mistakes
    assert [(one.file, one.problem) for one in mistakes] == [(name, "the file is missing")]


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    """A wrong path says so instead of naming every file as missing."""
    with pytest.raises(PolicyMistakes, match="no such directory"):
        load_policy(tmp_path / "nowhere")


def test_a_type_without_competence(spoil: Spoil) -> None:
    """Every event type needs somebody competent."""
    old = "  medical:\n    LV: {lead: nmpd}\n    LT: {lead: gmp}\n"
    _, mistakes = spoil("competence.yaml", old, "")
    assert [one.problem for one in mistakes] == ["nobody is competent for the event type 'medical'"]


def test_a_rung_that_wakes_nobody(spoil: Spoil) -> None:
    """A role on a ladder that nobody holds at a partner is a mistake at the rung."""
    held = "        - {contact: birzai-chief, channels: [sms, email]}\n"
    _, mistakes = spoil("roles.yaml", "      live:\n" + held, "      live: []\n")
    problems = {one.problem for one in mistakes if one.file == "ladders.yaml" and one.level == "error"}
    assert "ladder 'call_for_help' wakes 'fire_chief', but nobody holds that role at 'birzai'" in problems


def test_a_rung_whose_channels_reach_nobody(spoil: Spoil) -> None:
    """A member who can only be reached by another channel than the rung uses is no help."""
    old = "{contact: birzai-duty, channels: [sms, email]}"
    _, mistakes = spoil("roles.yaml", old, "{contact: birzai-duty, channels: [sms]}")
    assert "nobody of 'duty_desk' at 'birzai' can be reached by email" in {one.problem for one in mistakes}


def test_help_needs_a_time_to_answer(spoil: Spoil) -> None:
    """A clause that asks for help without a deadline is refused."""
    _, mistakes = spoil(BIRZAI, "    reply_within: 30 min\n", "")
    assert [one.problem for one in mistakes] == ["clause 'help' asks for help but sets no time to answer"]


def test_police_types_are_only_ever_referred(spoil: Spoil) -> None:
    """A clause that informs about a police matter, or shares its free text, is refused."""
    old = "    action: refer\n    event_types: [missing_person]\n    share: referral"
    _, mistakes = spoil(BIRZAI, old, "    action: inform\n    event_types: [missing_person]\n    share: full")
    problems = " ".join(one.problem for one in mistakes)
    assert "missing_person may only be referred, not 'inform'" in problems
    assert "profile 'full' lets casualties, hazards, needs, point, text cross for missing_person" in problems


def test_a_clause_that_can_never_apply_is_a_warning(spoil: Spoil) -> None:
    """A clause whose every case is taken by earlier ones is pointed out, and the policy still loads."""
    line, mistakes = spoil(BIRZAI, "    min_severity: Severe\n    needs: none", "    needs: none")
    assert errors_of(mistakes) == ()
    never = [one for one in mistakes if "'inform_moderate' can never apply" in one.problem]
    assert never
    assert never[0].level == "warning"
    assert never[0].line > line


def test_a_ladder_slower_than_its_deadline_is_a_warning(spoil: Spoil) -> None:
    """A last rung that comes after the deadline is pointed out."""
    line, mistakes = spoil(BIRZAI, "reply_within: 30 min", "reply_within: 10 min")
    assert [(one.level, one.line) for one in mistakes] == [("warning", line)]
    assert "reaches its last step after 840 s, the answer is due after 600 s" in mistakes[0].problem


def test_an_agreement_id_in_two_files(policy_dir: Path) -> None:
    """Two agreements with one id are named in the second file."""
    (policy_dir / "agreements" / "copy.yaml").write_text((policy_dir / BIRZAI).read_text())
    problems = {(one.file, one.problem) for one in read_policy(policy_dir).mistakes}
    assert ("agreements/copy.yaml", f"the agreement id 'birzai-vecumnieki' stands in {BIRZAI} too") in problems
