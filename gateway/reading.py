"""What a text means: read by the words of the active policy, and by what is open for whoever its number reaches."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.people import post_of
from gateway.requests import Requests
from runtime.log import logger
from schemas.policy.directory import Contact
from schemas.policy.models import Policy
from schemas.vocabulary import ReplyProblem
from streams.rules.replies.lexicon import default_lexicon, lexicon_of
from streams.rules.replies.resolve import SETTLED_AFTER, Resolved, Sender, Unresolved, resolve
from streams.rules.replies.understand import Understood, understand

ZONE = ZoneInfo("Europe/Riga")
"""A time of day in a reply ("18.30") is of both sides of the border: Vilnius has the time of Riga."""

Meaning = Resolved | Unresolved

_TELLING = (ReplyProblem.NOT_UNDERSTOOD, ReplyProblem.TOO_LATE, ReplyProblem.UNKNOWN_CODE, ReplyProblem.NOTHING_OPEN)
"""Where a number belongs to several contacts the first of these is the one to speak of."""


class Reader:
    """Reads texts by the pure rules. A text that breaks a rule is not understood, and stops no other."""

    def __init__(self, policy: Callable[[], Policy | None]) -> None:
        """``policy`` gives the active one."""
        self._policy = policy

    def prepare(self) -> None:
        """Have the words of the active policy ready: making them takes a quarter of a second, once for each policy."""
        policy = self._policy()
        if policy is not None:
            lexicon_of(policy)

    def understand(self, text: str, now: datetime) -> Understood:
        """What ``text``, sent at ``now``, says."""
        policy = self._policy()
        try:
            return understand(text, lexicon_of(policy) if policy else default_lexicon(), now=now, zone=ZONE)
        except Exception as error:  # noqa: BLE001 - the rules are pure: one text that breaks them must not stop others
            logger().error("reply_breaks_the_rules", rule="understand", error=type(error).__name__)
            return Understood()

    def sender(self, name: str, contact: Contact) -> Sender:
        """The contact ``name`` as the rules know a sender: by its post and purpose, without any person."""
        post = post_of(self._policy(), name, contact.purpose)
        return Sender(name, post.party if post else None, post.role if post else None, contact.purpose)

    def meaning(
        self, understood: Understood, contacts: Mapping[str, Contact], requests: Requests, now: datetime
    ) -> tuple[Meaning, Sender | None]:
        """Which request is meant, or why none is, and by whom of ``contacts``, all that one number reaches."""
        policy = self._policy()
        settled_after = timedelta(seconds=policy.limits.settled_after) if policy else SETTLED_AFTER
        coded = requests.of_code(understood.code) if understood.code else ()
        meanings: dict[Sender, Meaning] = {}
        for name, contact in contacts.items():
            own = requests.of_contact(name)
            named = {state.incident_id for state in own}
            states = (*own, *(state for state in coded if state.incident_id not in named))
            sender = self.sender(name, contact)
            try:
                meanings[sender] = resolve(understood, sender, states, now, settled_after)
            except Exception as error:  # noqa: BLE001 - as above
                logger().error("reply_breaks_the_rules", rule="resolve", error=type(error).__name__, contact=name)
                meanings[sender] = Unresolved(ReplyProblem.NOT_UNDERSTOOD)
        return settled(meanings)


def settled(meanings: Mapping[Sender, Meaning]) -> tuple[Meaning, Sender | None]:
    """What the meanings that a text has for each contact of its number come to together, and whose it is."""
    if not meanings:
        return Unresolved(ReplyProblem.UNKNOWN_NUMBER), None
    resolved = [(meaning, sender) for sender, meaning in meanings.items() if isinstance(meaning, Resolved)]
    failed = [(meaning, sender) for sender, meaning in meanings.items() if isinstance(meaning, Unresolved)]
    unclear = [(meaning, sender) for meaning, sender in failed if meaning.problem is ReplyProblem.WHICH_REQUEST]
    if len(resolved) == 1 and not unclear:
        return resolved[0]
    if resolved or unclear:
        codes = [
            *(meaning.code for meaning, _ in resolved if meaning.code),
            *(c for one, _ in unclear for c in one.codes),
        ]
        owner = next((sender for _, sender in (*resolved, *unclear)), None)
        return Unresolved(ReplyProblem.WHICH_REQUEST, tuple(dict.fromkeys(codes))), owner
    return min(failed, key=lambda one: _TELLING.index(one[0].problem) if one[0].problem in _TELLING else len(_TELLING))
