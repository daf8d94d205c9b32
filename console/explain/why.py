"""``borderlands why``: why was somebody told of an incident, or why not?"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from console.complete import HomeOption, party_or_role_ids
from console.connect import connection
from console.explain.names import NotKnown, Whom, understand
from console.explain.reading import find, utc_now
from console.explain.report import Report
from console.explain.rule_file import RuleFiles
from console.explain.texts_sent import TextsSent
from console.explain.why_answer import answer, document
from console.files import shipped_policy
from console.logs.choose import LogOption, source_of
from console.logs.logged import TooMuchToRead
from console.logs.source import LogSource
from console.output import Exit, JsonOption, fail, out, print_json
from runtime.settings import Settings
from schemas.base import Lang
from schemas.decision import Decision
from schemas.policy.models import Policy


def why(
    incident: Annotated[str, typer.Argument(help="Incident id; or the id of one of its events, or its reply code.")],
    who: Annotated[
        list[str],
        typer.Argument(
            help="A party, a role, or both (akniste fire_chief), or a contact; by id or by name in any language.",
            autocompletion=party_or_role_ids,
        ),
    ],
    language: Annotated[Lang, typer.Option(help="Of the sentences.")] = "en",
    policy: Annotated[
        Path | None, typer.Option("--policy", help="Where the policy's files are, to name lines; default: shipped.")
    ] = None,
    home: HomeOption = Path("var/local"),
    log: LogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say in a few sentences why a party or role was told of an incident, or what stopped it.

    Exit code 66: nothing is known of the incident, or nobody is called so; who is near is named.
    """
    try:
        report = asyncio.run(_report(source_of(home, log), connection(home), incident))
    except TooMuchToRead as problem:
        fail(str(problem), Exit.USAGE)
    except (KafkaError, OSError) as problem:
        fail(f"the log cannot be read: {problem}", Exit.UNAVAILABLE, mend="start the system, or name a file with --log")
    if report is None:
        fail(f"nothing is known of {incident}", Exit.NO_INPUT, mend="check the id: `borderlands submit` prints it")
    whom = _whom(" ".join(who), report)
    found = answer(report, whom, language, RuleFiles(policy or shipped_policy()).place_of)
    if as_json:
        print_json(document(report, found, language))
        return
    for sentence in found.sentences:
        out.print(sentence, markup=False)


async def _report(source: LogSource, settings: Settings, incident: str) -> Report | None:
    found = await find(source, incident)
    if found is None:
        return None
    return Report(found, TextsSent(settings.directory, found.policy), utc_now())


def _whom(words: str, report: Report) -> Whom:
    """Who is meant, by the policy of the incident; of one that is not known, by what its records name."""
    policy = _policy_of(report)
    if policy is None:
        fail("the policy that this incident was decided by is not on the log", Exit.NO_INPUT)
    try:
        return understand(words, policy)
    except NotKnown as problem:
        fail(str(problem), Exit.NO_INPUT, mend=problem.mend)


def _policy_of(report: Report) -> Policy | None:
    versions = [one.record.policy_version for one in report.found.records if isinstance(one.record, Decision)]
    return next((policy for version in versions if (policy := report.found.policy(version))), None)
