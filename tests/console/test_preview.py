"""``borderlands route`` and ``borderlands sms preview``: looking before sending, with no broker anywhere."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.decision import Decision
from schemas.policy.models import Policy
from schemas.upkeep import check_event, holders_of
from schemas.vocabulary import SERVICE_TEMPLATES, Answer, DecisionOutcome, ReplyKind
from tests.console.conftest import Run

REPORT: dict[str, Any] = {
    "kind": "report",
    "status": "Actual",
    "origin": "live",
    "reporting_party": "vecumnieki",
    "event_type": "peat_fire",
    "severity": "Severe",
    "place": {"parish": "Skaistkalne", "name": "Skaistkalne"},
    "needs": [{"kind": "fire_tanker", "count": 1}],
    "psap_notified": {"notified": True},
}
CANCEL = {
    "kind": "cancel",
    "status": "Actual",
    "origin": "live",
    "reporting_party": "vecumnieki",
    "incident_id": "in-1",
    "psap_notified": {"notified": True},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a report that is routed."""
    return written(tmp_path, REPORT)


def written(folder: Path, body: object) -> Path:
    """``body`` as JSON in a file."""
    path = folder / "event.json"
    path.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
    return path


def test_a_decision_is_printed_with_every_reason(borderlands: Run, file: Path) -> None:
    """Each stage's verdict, who is told by what, what crosses; the notes of the door apart from it."""
    done = borderlands("route", file)
    assert done.exit_code == 0, done.output
    for said in ("routed", "✓ place", "✓ clause", "tell      duty desk (birzai-duty) by sms", "withheld"):
        assert said in done.stdout
    assert "! new incident in-" in done.stderr
    assert "! expires after 6 hours" in done.stderr


def test_a_decision_as_json_is_a_decision(borderlands: Run, file: Path) -> None:
    """``--json`` prints nothing else to standard output, and what it prints can be read back."""
    done = borderlands("route", "--json", file)
    decision = Decision.model_validate_json(done.stdout)
    assert (done.exit_code, decision.outcome) == (0, DecisionOutcome.ROUTED)
    assert [recipient.contact_id for recipient in decision.routes[0].recipients] == ["birzai-duty", "birzai-chief"]


def test_an_event_from_standard_input(borderlands: Run) -> None:
    """``-`` reads what is piped in."""
    done = borderlands("route", "-", stdin=json.dumps(REPORT))
    assert done.exit_code == 0, done.output
    assert "routed" in done.stdout


@pytest.mark.parametrize(
    ("changes", "said", "code"),
    [
        pytest.param({"place": {"name": "Nekurciems"}}, "✗ place", 65, id="nowhere"),
        pytest.param({"reporting_party": "atlantis"}, "✗ authority", 65, id="unknown party"),
        pytest.param({"event_type": "medical", "needs": []}, "no_route", 0, id="no agreement covers it"),
    ],
)
def test_a_decision_that_tells_nobody_says_why(
    borderlands: Run, tmp_path: Path, changes: dict[str, Any], said: str, code: int
) -> None:
    """A refused event ends with 65; one that nobody need hear of is no error."""
    done = borderlands("route", written(tmp_path, REPORT | changes))
    assert said in done.stdout
    assert done.exit_code == code


@pytest.mark.parametrize(
    ("content", "said", "mend"),
    [
        pytest.param(b"fire!", "not an event (not_json)", "send one JSON object in UTF-8", id="not JSON"),
        pytest.param(b"\xff\xfe", "not an event (not_json)", "send one JSON object in UTF-8", id="not UTF-8"),
        pytest.param(b"[]", "not an event (not_json)", "send one JSON object", id="a list"),
        pytest.param(b"{}", "kind: Field required", "set origin", id="empty"),
        pytest.param(b" " * 5_000_000, "not an event (too_large)", "shorten the text", id="5 MB"),
        pytest.param(
            json.dumps(REPORT | {"severety": "Severe"}).encode(), "severety: ", "correct the named", id="misspelt"
        ),
        pytest.param(
            json.dumps({key: value for key, value in REPORT.items() if key != "origin"}).encode(),
            "not an event (no_origin)",
            "set origin to live or exercise",
            id="no origin",
        ),
        pytest.param(
            json.dumps(REPORT | {"event_type": "[bold]ufo[/bold] :fire:"}).encode(),
            "not an event (unknown_type)",
            "use a type of the list `borderlands policy show types` prints",
            id="markup",
        ),
    ],
)
def test_what_is_no_event_is_refused_with_the_way_to_mend_it(
    borderlands: Run, tmp_path: Path, content: bytes, said: str, mend: str
) -> None:
    """Exit code 65, what is wrong, where, and what to do; no traceback."""
    path = tmp_path / "event.json"
    path.write_bytes(content)
    for command in (["route"], ["sms", "preview"]):
        done = borderlands(*command, path)
        assert done.exit_code == 65
        assert said in done.stderr
        assert f"→ {mend}" in done.stderr
        assert done.stdout == ""


def test_a_file_that_is_missing_or_none_is_named(borderlands: Run, tmp_path: Path) -> None:
    """Exit code 66 with the path."""
    for path in (tmp_path / "missing.json", tmp_path):
        done = borderlands("route", path)
        assert done.exit_code == 66
        assert f"cannot read {path}" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "language", "encoding", "word"),
    [
        ((), "lt", "UCS-2", "REIKIA PAGALBOS"),
        (("--lang", "lv"), "lv", "UCS-2", "Kūdras ugunsgrēks"),
        (("--lang", "en"), "en", "GSM", "Peat fire"),
        (("--lang", "lt", "--script", "ascii"), "lt", "GSM", "Durpyno gaisras"),
    ],
)
def test_a_text_is_shown_with_its_cost(
    borderlands: Run, file: Path, arguments: tuple[str, ...], language: str, encoding: str, word: str
) -> None:
    """The text as it would be sent, then its encoding, characters and segments."""
    done = borderlands("sms", "preview", file, *arguments)
    assert done.exit_code == 0, done.output
    head, _, body, _, cost, *_ = done.stdout.splitlines()
    assert head == f"to birzai, under birzai-vecumnieki, in {language}:"
    assert word in body
    assert cost.startswith(encoding)
    assert f", {len(body)} characters, " in cost
    assert 1 <= int(cost.split(", ")[-1].split()[0]) <= 3


def test_a_cancel_has_no_text_of_its_own(borderlands: Run, tmp_path: Path) -> None:
    """It repeats what was first sent, which a file alone does not tell; the command says so."""
    done = borderlands("sms", "preview", written(tmp_path, CANCEL))
    assert done.exit_code == 65
    assert "a cancel says again what was first sent" in done.stderr


def test_nobody_to_tell_is_said_with_the_reasons(borderlands: Run, tmp_path: Path) -> None:
    """A preview of no text ends with 65 and the verdicts."""
    done = borderlands("sms", "preview", written(tmp_path, REPORT | {"place": {"name": "Nekurciems"}}))
    assert done.exit_code == 65
    assert "✗ place" in done.stderr


def test_the_command_runs_as_a_process(file: Path) -> None:
    """``python -m console`` is ``borderlands``; the decision goes to standard output in UTF-8."""
    done = subprocess.run([sys.executable, "-m", "console", "route", str(file)], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Biržai" in done.stdout.decode()


def test_a_file_cannot_say_when_it_was_recorded(borderlands: Run, tmp_path: Path) -> None:
    """What expired years ago is refused today, whatever the file says about its recording."""
    old = {"reported_at": "2020-01-01T00:00:00Z", "expires_at": "2020-01-01T02:00:00Z"}
    done = borderlands("route", str(written(tmp_path, REPORT | old | {"recorded_at": "2020-01-01T00:00:01Z"})))
    assert done.exit_code == 65
    assert "expired" in done.stdout


@pytest.mark.parametrize("language", ["lv", "lt", "en"])
def test_the_texts_that_no_report_leads_to_can_be_read(borderlands: Run, language: str) -> None:
    """One of each kind of answer, of text about the system and of reply, in the policy's words, three parts at most."""
    done = borderlands("sms", "samples", "--lang", language)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert len(lines) == len(Answer) + 6 + len(SERVICE_TEMPLATES) + len(ReplyKind)
    assert all(line.startswith(f"{language} ") and re.search(r" [123] × (GSM-7|UCS-2)", line) for line in lines)
    assert len({line[30:] for line in lines}) == len(lines)


def test_a_check_of_a_contact_can_be_previewed(borderlands: Run, policy: Policy) -> None:
    """The preview of a service event shows its own text, not that of information about an event."""
    check = check_event(holders_of(policy, party="birzai", role="fire_chief")[0], "2026-11", datetime.now(UTC))
    done = borderlands("sms", "preview", "-", stdin=check.model_dump_json(exclude_none=True))
    assert done.exit_code == 0, done.output
    assert "RYŠIO PATIKRINIMAS 7F2K. Nieko neįvyko." in done.stdout
