"""The command: what it writes, in which files, and how it refuses what it cannot do."""

import csv
import io
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from console.main import build
from console.report import command
from tests.report.october import october
from tests.report.scene import ListLog


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> "typer.Typer":
    """The command over the small October, which stands in memory instead of on topics."""
    monkeypatch.setattr(command, "source_of", lambda home, log: ListLog(october()))
    return build(["report"])


def call(app: typer.Typer, *words: str) -> Result:
    """One call."""
    return CliRunner().invoke(app, ["report", *words])


def rows(text: str) -> list[dict[str, str]]:
    """The rows of a table."""
    return list(csv.DictReader(io.StringIO(text)))


def test_it_writes_a_page_in_each_language_and_the_table(run: typer.Typer, tmp_path: Path) -> None:
    """Into a directory that it makes."""
    folder = tmp_path / "commission"
    result = call(run, "--month", "2026-10", "--out", str(folder), "--csv")
    assert result.exit_code == 0, result.output
    assert {path.name for path in folder.iterdir()} == {
        "report-2026-10-lv.html", "report-2026-10-lt.html", "report-2026-10-en.html", "report-2026-10.csv"
    }  # fmt: skip


def test_it_writes_one_file_where_one_is_named(run: typer.Typer, tmp_path: Path) -> None:
    """A page in one language."""
    path = tmp_path / "october.html"
    assert call(run, "--month", "2026-10", "--language", "lt", "--out", str(path)).exit_code == 0
    assert path.read_text(encoding="utf-8").startswith('<!DOCTYPE html>\n<html lang="lt">')


def test_the_table_is_long_and_holds_every_figure(run: typer.Typer, tmp_path: Path) -> None:
    """Both months, all agreements and each; few values one by one; nothing but ASCII, nobody's id."""
    path = tmp_path / "october.csv"
    assert call(run, "--month", "2026-10", "--out", str(path)).exit_code == 0
    text = path.read_bytes().decode("ascii")
    found = {
        (row["month"], row["agreement"], row["figure"], row["group"], row["value"], row["count"], row["unit"])
        for row in rows(text)
    }
    for row in (
        ("2026-10", "all", "incidents", "all", "9", "9", "1"),
        ("2026-09", "all", "incidents", "all", "1", "1", "1"),
        ("2026-10", "all", "incidents.type", "peat_fire", "5", "9", "1"),
        ("2026-10", "all", "time_to_partner.median", "all", "6", "7", "s"),
        ("2026-10", "all", "time_to_partner.p90", "all", "34", "7", "s"),
        ("2026-10", "all", "time_to_answer.single", "all", "1800", "4", "s"),
        ("2026-10", "tervete-joniskis", "time_to_partner.single", "all", "5", "2", "s"),
        ("2026-10", "all", "requests.outcome", "unanswered", "1", "6", "1"),
        ("2026-10", "all", "texts.failed_for", "sms/invalid_address", "1", "1", "1"),
        ("2026-10", "all", "exercise.requests.outcome", "partial", "1", "2", "1"),
        ("2026-10", "all", "left_out", "system", "3", "5", "1"),
        ("2026-10", "all", "stopped", "birzai", "3600", "1", "s"),
    ):
        assert row in found
    assert not any(word in text for word in ("birzai-duty", "birzai-chief", "braucam", "in-a"))


def test_json_tells_each_request(run: typer.Typer) -> None:
    """The same figures as the table, and the requests they are made of."""
    result = call(run, "--month", "2026-10", "--json")
    data = json.loads(result.output)
    assert data["month"] == "2026-10"
    assert data["compared"] is True
    assert [one["incident"] for one in data["requests"] if one["sort"] == "real"] == [
        "in-g", "in-l", "in-m", "in-a", "in-b", "in-c"
    ]  # fmt: skip
    assert {"month", "agreement", "figure", "group", "value", "count", "unit"} == set(data["figures"][0])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--month", "October"], "is no month"),
        (["--month", "9000-01"], "has not begun"),
        (["--month", "2026-10", "--language", "de"], "no language 'de'"),
        (["--month", "2026-10", "--out", "x.html"], "--language lv"),
        (["--month", "2026-10", "--agreement", "birzai"], "birzai-vecumnieki"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_to_do(run: typer.Typer, words: list[str], says: str) -> None:
    """Exit code 2, and nothing is written."""
    result = call(run, *words)
    assert result.exit_code == 2
    assert says in result.output


def test_a_place_that_cannot_be_written_is_named(run: typer.Typer, tmp_path: Path) -> None:
    """Exit code 70."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    result = call(run, "--month", "2026-10", "--language", "en", "--out", str(blocked / "under"))
    assert result.exit_code == 70
    assert "cannot write" in result.output
