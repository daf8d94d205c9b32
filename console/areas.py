"""``borderlands policy areas``: official outlines in the place of the approximate ones."""

import re
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from console.areas_check import contradictions, gaps, overlaps
from console.areas_fit import Fitted, fit
from console.areas_match import Matched, match
from console.areas_read import KNOWN_CRS, BadOutlines, read_official
from console.areas_report import report, unlike
from console.areas_write import OUTLINES_MAX_BYTES, outline_texts, replace_both
from console.files import read_policy, shipped_policy
from console.output import Exit, err, fail, out
from schemas.policy.cases import load_cases, run_cases
from schemas.policy.load import PolicyMistakes, load_policy
from schemas.policy.models import Policy
from streams.rules.places.shapes import area
from streams.rules.routing.index import index_of
from streams.rules.routing.route import route

app = typer.Typer(help="The outlines of municipalities.", no_args_is_help=True)

MAX_TOLERANCE_M = 300.0


@app.callback()
def _areas() -> None:
    """The outlines of municipalities."""


@app.command("import")
def import_areas(
    file: Annotated[Path, typer.Argument(help="GeoJSON with official outlines of municipalities or parishes.")],
    source: Annotated[str, typer.Option(help="Who published it, when, under which licence: kept with the outlines.")],
    policy: Annotated[Path | None, typer.Option("--policy", help="Policy directory; default: the shipped one.")] = None,
    crs: Annotated[str | None, typer.Option(help="What the coordinates are, to convert them: EPSG:3059 …")] = None,
    matches: Annotated[
        list[str] | None, typer.Option("--match", help="ID=UNIT: the feature of this id, number or name is this unit.")
    ] = None,
    tolerance_m: Annotated[float, typer.Option(min=0, max=MAX_TOLERANCE_M, help="Simplify by at most this.")] = 20,
    allow_gaps: Annotated[bool, typer.Option("--allow-gaps", help="Take outlines that leave gaps.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report only, write nothing.")] = False,
) -> None:
    """Put official outlines in the place of approximate ones, after checking them; say what changes.

    Exit code 65: the file has mistakes, each is named; nothing is written. 66: no such file.
    """
    folder = policy or shipped_policy()
    rules = read_policy(policy)
    if {outline.id for outline in rules.geography.outlines if outline.kind == "country"} != {"LV", "LT"}:
        fail(f"{folder} does not draw both countries (LV, LT)", Exit.CONFIGURATION)
    if crs is not None and crs not in KNOWN_CRS:
        fail(f"--crs {crs} is not known: {', '.join(KNOWN_CRS)}", Exit.USAGE)
    try:
        matched = _checked(file, rules, crs, _told(matches or []), allow_gaps)
    except BadOutlines as bad:
        _refuse(bad.problems)
    except OSError as error:
        fail(f"cannot read {file}: {error.strerror}", Exit.NO_INPUT)
    fitted, texts = _fitted(folder, rules, matched, tolerance_m, source)
    for line in report(rules.geography, matched, fitted, source):
        out.print(line, markup=False)
    _try(folder, texts)
    if dry_run:
        out.print("nothing was written: --dry-run")
        return
    try:
        replace_both(folder / "areas", *texts)
    except OSError as error:
        fail(f"cannot write to {folder / 'areas'}: {error.strerror}", Exit.FAILED)
    out.print(f"✓ {len(fitted.fresh)} outlines are official now; `borderlands policy activate` puts them to work")


def _told(matches: list[str]) -> dict[str, str]:
    told = {}
    for one in matches:
        key, equals, unit = one.rpartition("=")
        if not equals or not key or not re.fullmatch(r"[a-z0-9_]+", unit):
            fail(f"--match {one}: write ID=UNIT, the unit as units.yaml calls it", Exit.USAGE)
        told[key] = unit
    return told


def _checked(file: Path, rules: Policy, crs: str | None, told: dict[str, str], allow_gaps: bool) -> Matched:
    """What the file says of which unit.

    Raises:
        BadOutlines: something is wrong with it.
        OSError: it cannot be read.
    """
    matched = match(read_official(file, crs), index_of(rules).geo, told)
    problems = list(matched.problems)
    drawn = {outline.id for outline in rules.geography.outlines}
    areas = {unit: ground for unit, ground in matched.units.items() if unit in drawn}
    if not areas and not problems:
        unknown = "; ".join(matched.unknown[:5]) or "none of its municipalities is drawn by this policy"
        problems.append(f"nothing in it is an outline of this policy ({unknown}): use --match ID=UNIT")
    problems += unlike(rules.geography, matched)
    units = {unit.id: unit for unit in rules.geography.units}
    parts = {key for key in areas if (unit := units.get(key)) and unit.successor in areas}
    flat = {key: ground for key, ground in areas.items() if key not in parts}
    problems += overlaps(flat) + overlaps({key: areas[key] for key in parts})
    for key in sorted(parts):
        beyond = areas[key].difference(areas[str(units[key].successor)].buffer(50)).area
        if beyond > 0.02 * areas[key].area:
            problems.append(
                f"{key} reaches {beyond / 1e6:.1f} km² beyond {units[key].successor}, of which it is a part"
            )
    settled = {one.id: area(one) for one in rules.geography.outlines if not one.approximate}
    related = {(unit.id, unit.successor) for unit in rules.geography.units if unit.successor}
    problems += contradictions(areas, settled, related)
    open_ground = gaps(flat)
    if allow_gaps:
        matched.notes += open_ground
    else:
        problems += [f"{gap}; correct the files, or take them as they are with --allow-gaps" for gap in open_ground]
    if problems:
        raise BadOutlines(problems)
    return matched


def _fitted(
    folder: Path, rules: Policy, matched: Matched, tolerance_m: float, source: str
) -> tuple[Fitted, tuple[str, str]]:
    """The outlines and their files, simplified more where they would be too large."""
    while True:
        fitted = fit(rules.geography, matched.units, tolerance_m)
        texts = outline_texts(folder / "areas", fitted, source)
        size = len(texts[0].encode())
        if size <= OUTLINES_MAX_BYTES:
            return fitted, texts
        if tolerance_m >= MAX_TOLERANCE_M:
            fail(f"simplified by {tolerance_m:.0f} m the outlines still have {size} bytes", Exit.DATA)
        tolerance_m = min(max(2 * tolerance_m, 5.0), MAX_TOLERANCE_M)


def _try(folder: Path, texts: tuple[str, str]) -> None:
    """Hold the whole policy with the new outlines against its checks and its example cases."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(shutil.copytree(folder, Path(scratch) / "policy"))
        replace_both(copy / "areas", *texts)
        try:
            rules = load_policy(copy)
            results = run_cases(load_cases(copy), lambda event: route(event, rules))
        except PolicyMistakes as mistakes:
            _refuse([str(mistake) for mistake in mistakes.mistakes])
    broken = [result.located for result in results if not result.holds]
    if broken:
        err.print(f"! {len(broken)} example cases no longer hold with these outlines; look at each before activating:")
        for located in broken:
            err.print(f"    {located.file}:{located.line} {located.case.title}", markup=False)


def _refuse(problems: list[str]) -> NoReturn:
    fail("nothing was written:\n  " + "\n  ".join(problems), Exit.DATA)
