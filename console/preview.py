"""Looking before sending, with no broker running: ``borderlands route`` and ``borderlands sms preview``."""

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from console.exercise import reach_of
from console.files import describe, read_event, read_policy, shipped_policy
from console.output import Exit, JsonOption, err, fail, out, print_json
from console.samples import samples, sms_json
from notifiers.texts.sms import Sms, render_sms
from notifiers.texts.wording import Unrenderable
from schemas.base import Lang
from schemas.codec import Undecodable
from schemas.decision import Decision, Route
from schemas.intake import Report, accept
from schemas.notification import Notification
from schemas.policy.directory import Script
from schemas.policy.directory_file import load_directory
from schemas.policy.mistakes import PolicyMistakes
from schemas.policy.models import Policy
from schemas.vocabulary import Action, Channel, DecisionOutcome, EventKind, Origin, Template
from streams.rules.routing.explain import explain
from streams.rules.routing.route import route

sms_app = typer.Typer(help="The texts that go out.", no_args_is_help=True)
sms_app.command("samples")(samples)

PREVIEW_CODE = "7F2K"
_FOLLOW_UPS = {
    EventKind.UPDATE: Template.UPDATE,
    EventKind.CANCEL: Template.CANCEL,
    EventKind.ALL_CLEAR: Template.ALL_CLEAR,
}

PolicyOption = Annotated[Path | None, typer.Option("--policy", help="Policy directory; default: the shipped one.")]
FileArgument = Annotated[Path, typer.Argument(help="A JSON file with an event, or - for standard input.")]


def _accepted(file: Path) -> Report:
    try:
        return accept(read_event(file), now=datetime.now(UTC), fresh=lambda: uuid.uuid4().hex[:24])
    except Undecodable as fault:
        fail(f"not an event ({fault.reason}): {fault.detail}", Exit.DATA, mend=fault.mend)


def route_file(
    file: FileArgument,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
    people: Annotated[
        Path | None, typer.Option("--directory", help="The private directory; default: the example beside the policy.")
    ] = None,
) -> None:
    """Print the decision on an event, with every reason. Exit code 65: the event would be rejected.

    Of an exercise also whom it reaches; that it would reach somebody who is not there for exercises is a rejection.
    """
    rules = read_policy(policy)
    report = _accepted(file)
    decision = route(report.event, rules)
    for note in report.notes:
        err.print(f"! {note}", markup=False)
    if as_json:
        print_json(decision.model_dump(mode="json", exclude_none=True))
    else:
        for line in explain(decision, rules):
            out.print(line, markup=False)
    if decision.outcome is DecisionOutcome.REJECTED:
        raise typer.Exit(int(Exit.DATA))
    if decision.origin is Origin.EXERCISE:
        _exercise(decision, rules, people or (policy or shipped_policy()) / "directory.example.yaml")


def _exercise(decision: Decision, rules: Policy, people: Path) -> None:
    """Say whom the exercise reaches by the directory ``people``, and end where it must not reach somebody."""
    try:
        reach = reach_of(decision, rules, load_directory(people))
    except OSError as error:
        fail(f"cannot read the directory {people}: {error.strerror}", Exit.NO_INPUT)
    except PolicyMistakes as mistakes:
        fail(describe(mistakes), Exit.DATA)
    for line in (*reach.lines, *(f"! {warning}" for warning in reach.warnings)):
        err.print(line, markup=False)
    if reach.faults:
        fail(
            f"this exercise would reach {'; '.join(reach.faults)}",
            Exit.DATA,
            mend="give the role an exercise contact in roles.yaml, or correct the directory",
        )


@sms_app.command("preview")
def preview(
    file: FileArgument,
    lang: Annotated[Lang | None, typer.Option(help="Default: the partner's language.")] = None,
    script: Annotated[Script, typer.Option(help="Letters with diacritics, or plain ASCII.")] = Script.NATIVE,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the SMS an event leads to: its text, encoding, characters and segments."""
    rules = read_policy(policy)
    report = _accepted(file)
    decision = route(report.event, rules)
    if not decision.routes:
        for line in explain(decision, rules):
            err.print(line, markup=False)
        fail("nobody would get a text; the reasons stand above", Exit.DATA)
    made: list[dict[str, Any]] = []
    for path in decision.routes:
        if path.shared is None:
            fail(
                f"a {decision.kind.value.replace('_', '-')} says again what was first sent, which this file does not",
                Exit.DATA,
                mend="preview the report or an update; `borderlands trace` shows texts as they were sent",
            )
        language = lang or path.language
        sms = _rendered(decision, path, rules, language, script)
        made.append({"to": path.partner, "agreement": path.agreement, "language": language, **sms_json(sms)})
        if not as_json:
            _show(sms, path, language)
    if as_json:
        print_json(made)


def _rendered(decision: Decision, path: Route, rules: Policy, language: Lang, script: Script) -> Sms:
    try:
        return render_sms(notification_of(decision, path), rules, language=language, script=script)
    except Unrenderable as problem:
        fail(f"no text can be made: {problem}", Exit.DATA)


def _show(sms: Sms, path: Route, language: Lang) -> None:
    out.print(f"to {path.partner}, under {path.agreement}, in {language}:\n")
    out.print(sms.body, markup=False)
    out.print(f"\n{sms.encoding}, {sms.characters} characters, {sms.segments} segment{'s' * (sms.segments != 1)}")
    if sms.dropped:
        out.print(f"left out for length: {', '.join(sms.dropped)}")


def notification_of(decision: Decision, path: Route) -> Notification:
    """The notification that the first recipient of ``path`` would get, with a code for show."""
    action = path.action or Action.INFORM
    recipient = path.recipients[0] if path.recipients else None
    return Notification(
        notification_id="preview",
        attempt=1,
        incident_id=decision.incident_id,
        event_id=decision.event_id,
        revision=1,
        status=decision.status,
        origin=decision.origin,
        exerciseid=decision.exerciseid,
        policy_version=decision.policy_version,
        agreement=path.agreement,
        clause=path.clause,
        asking_party=path.asking_party,
        party=path.partner,
        language=path.language,
        role=recipient.role if recipient else "duty_desk",
        contact_id=recipient.contact_id if recipient else "preview",
        channel=Channel.SMS,
        lane=path.lane,
        step=0,
        template=_template(decision, action),
        action=action,
        code=PREVIEW_CODE,
        facts=path.shared,
        reply_within_s=path.reply_within_s,
        decided_at=decision.recorded_at,
        expires_at=decision.expires_at,
        subject=decision.service.contact_id if decision.service else None,
    )


def _template(decision: Decision, action: Action) -> Template:
    if decision.service is not None:
        return Template(decision.service.kind.value)
    return _FOLLOW_UPS.get(decision.kind, Template(action.value))
