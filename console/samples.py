"""``borderlands sms samples``: the texts that no report can preview, so that somebody can read them aloud."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from console.files import read_policy
from console.output import Exit, JsonOption, fail, out, print_json
from notifiers.texts import Sms, Unrenderable, render_reply, render_sms
from schemas.base import Lang
from schemas.decision import SharedFacts
from schemas.event import Need
from schemas.notification import AnswerNews, Notification
from schemas.policy.directory import Script
from schemas.policy.models import Policy
from schemas.upkeep import holders_of
from schemas.vocabulary import (
    ANSWER_TEMPLATES,
    SERVICE_TEMPLATES,
    Action,
    Answer,
    Channel,
    EventType,
    Lane,
    NeedKind,
    Origin,
    ReplyKind,
    Status,
    Template,
)

CODE = "7F2K"


def samples(
    lang: Annotated[Lang | None, typer.Option(help="Default: all languages.")] = None,
    script: Annotated[Script, typer.Option(help="Letters with diacritics, or plain ASCII.")] = Script.NATIVE,
    policy: Annotated[Path | None, typer.Option("--policy", help="Policy directory; default: the shipped one.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the texts about answers, checks of contacts and replies in the policy's words, one of each kind."""
    rules = read_policy(policy)
    made: list[dict[str, Any]] = []
    for language in (lang,) if lang else rules.texts:
        try:
            for title, sms in sample_texts(rules, language, script):
                made.append({"language": language, "sample": title, **sms_json(sms)})
                if as_json:
                    continue
                out.print(f"{language} {title:27} {sms.segments} × {sms.encoding:5}  {sms.body}", markup=False)
        except Unrenderable as problem:
            fail(f"no text can be made: {problem}", Exit.DATA)
    if as_json:
        print_json(made)


def sms_json(sms: Sms) -> dict[str, Any]:
    """A text as data."""
    return {
        "text": sms.body,
        "encoding": sms.encoding,
        "characters": sms.characters,
        "segments": sms.segments,
        "left_out": list(sms.dropped),
    }


def sample_texts(policy: Policy, language: Lang, script: Script) -> Iterator[tuple[str, Sms]]:
    """Each kind of answer, of text about the system, and of reply, with what it is.

    Raises:
        Unrenderable: the policy has no words for one of them.
    """
    for title, notification in _notifications(policy, datetime.now(UTC)):
        yield title, render_sms(notification, policy, language=language, script=script)
    for kind in ReplyKind:
        codes = (CODE, "A9QT") if kind is ReplyKind.WHICH_REQUEST else (CODE,)
        yield f"reply {kind.value}", render_reply(kind, policy, language=language, script=script, codes=codes)


def _notifications(policy: Policy, now: datetime) -> Iterator[tuple[str, Notification]]:
    asker, partner = policy.agreements[0].parties
    roles = [role.id for role in policy.roles]
    group = next((role.id for role in policy.roles if role.group), roles[-1])
    came: dict[str, Any] = {"eta_min": 20, "amounts": (Need(kind=NeedKind.FIRE_TANKER, count=1),)}
    news: list[tuple[str, Template, dict[str, Any]]] = [
        (answer.value, Template.ANSWERED, {"answer": answer, "role": roles[0], **came}) for answer in Answer
    ]
    heads = {"role": group, "coming": 4, "asked": 12, "eta_min": 8}
    news.append(("accept, a group", Template.ANSWERED, {"answer": Answer.ACCEPT, **heads}))
    news.append(("accept, an update", Template.ANSWERED, {"answer": Answer.ACCEPT, "first": False, **heads}))
    last_word = {"answer": Answer.PARTIAL, "first": False, "tried": tuple(roles[1:3]), **came}
    news.append(("partial, at the end", Template.ANSWERED, last_word))
    news.append(("nobody", Template.UNANSWERED, {"tried": tuple(roles[:3])}))
    news.append(("nobody, all refused", Template.UNANSWERED, {}))
    news.append(("enough", Template.ENOUGH, {"coming": 4, "asked": 12}))
    for title, template, given in news:
        reader = partner if template is Template.ENOUGH else asker
        answer = AnswerNews(party=partner, at=now, **given)
        yield f"answer {title}", _told(policy, template, asker, reader, now, answer=answer)
    holders = holders_of(policy, party=asker)
    contact = holders[0].contact if holders else "somebody"
    for template in sorted(SERVICE_TEMPLATES):
        yield template.value.replace("_", " "), _told(policy, template, asker, asker, now, subject=contact)


def _told(policy: Policy, template: Template, asker: str, reader: str, now: datetime, **given: Any) -> Notification:
    return Notification(
        notification_id="sample",
        attempt=1,
        incident_id="sample",
        event_id="sample",
        revision=1,
        status=Status.ACTUAL if template in ANSWER_TEMPLATES else Status.SYSTEM,
        origin=Origin.LIVE,
        policy_version=policy.version,
        agreement=policy.agreements[0].id,
        asking_party=asker,
        party=reader,
        language=next(party.language for party in policy.parties if party.id == reader),
        role=policy.roles[0].id,
        contact_id="sample",
        channel=Channel.SMS,
        lane=Lane.ROUTINE,
        step=0,
        template=template,
        action=Action.HELP if template in ANSWER_TEMPLATES else Action.INFORM,
        code=CODE,
        facts=SharedFacts(event_type=EventType.FOREST_FIRE),
        decided_at=now,
        expires_at=now,
        **given,
    )
