"""``borderlands place``: where is it, how was it found, and how sure is that?"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from console.files import read_policy
from console.output import Exit, JsonOption, err, fail, out, print_json
from console.place_answer import AMBIGUOUS, UNKNOWN, Answer, answer
from console.place_query import NotUnderstood, understand
from streams.rules.places.describe import COUNTRIES
from streams.rules.routing.index import index_of

_APPROXIMATE = "Outlines, border and positions are approximate: they do not settle whose ground it is."


def place(
    what: Annotated[str, typer.Argument(help="56.38,24.64 (latitude, longitude), a name, or a code: LV-016, LAU:36.")],
    policy: Annotated[Path | None, typer.Option("--policy", help="Policy directory; default: the shipped one.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say where a point, a name or a code is, as the router finds it: step by step, and how sure that is.

    Exit code 1: several places, all listed. 66: no such place; names that are alike are suggested.
    """
    try:
        query = understand(what)
    except NotUnderstood as problem:
        fail(str(problem), Exit.USAGE, mend=problem.mend)
    found = answer(query, index_of(read_policy(policy)))
    if as_json:
        print_json(found.as_json())
    else:
        for line in _lines(found):
            out.print(line, markup=False)
    if found.certainty == UNKNOWN:
        if not as_json:
            err.print(f"  → {found.mend}", markup=False)
        raise typer.Exit(int(Exit.NO_INPUT))
    if found.certainty == AMBIGUOUS:
        raise typer.Exit(int(Exit.DIFFERENT))


def _lines(found: Answer) -> Iterator[str]:
    yield found.query
    for step in found.steps:
        yield f"{step.mark} {step.name:<12} {step.detail}"
    if found.certainty == UNKNOWN:
        yield f"✗ {found.why}"
        if found.suggestions:
            yield "  did you mean:"
            yield from (f"    {one}" for one in found.suggestions)
        return
    several = len(found.hits) > 1
    for number, hit in enumerate(found.hits, start=1):
        yield f"→ {number} of {len(found.hits)}" if several else "→"
        yield from _hit_lines(hit)
    if found.nearest:
        yield f"  nearest place {found.nearest}"
    yield f"  certainty     {found.certainty.replace('_', ' ')}: {found.why}"
    yield from (f"  ! {note}" for note in found.notes)
    yield f"  {_APPROXIMATE}" if found.outlines == "approximate" else "  Outlines here are official."


def _hit_lines(hit: dict[str, Any]) -> Iterator[str]:
    if "place" in hit:
        yield f"  place         {hit['place']} ({hit['kind'].replace('_', ' ')})"
    if "parish" in hit:
        yield f"  parish        {hit['parish']}"
    yield f"  municipality  {_unit(hit['municipality'])}, {COUNTRIES[hit['country']]}"
    if "former_unit" in hit:
        yield f"  before 2021   {_unit(hit['former_unit'])}"
    if "shared_with" in hit:
        yield f"  shared with   {hit['shared_with']}"
    if "covered_area" in hit:
        yield f"  covered area  {hit['covered_area']}: {', '.join(hit.get('agreements', ['no agreement']))}"
    elif hit.get("successor_of"):
        of = ", ".join(hit["successor_of"])
        known = "outside of" if hit["part_known"] else "perhaps in, perhaps outside of"
        yield f"  covered area  {known} {of}, whose successor the municipality is"
    else:
        yield "  covered area  none: no agreement covers it"


def _unit(unit: dict[str, Any]) -> str:
    codes = ", ".join(unit["codes"])
    return f"{unit['name']} ({codes})" if codes else str(unit["name"])
