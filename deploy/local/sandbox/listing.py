"""The listing of messages: filters, pages and their addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import islice
from urllib.parse import urlencode

from deploy.local.sandbox.errors import ApiError, api_error
from deploy.local.sandbox.messages import API_VERSION, Message, MessageStore

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000

_FILTERS = ("To", "From", "DateSent", "DateSent<", "DateSent>")


@dataclass(frozen=True, slots=True)
class Query:
    """A checked listing request. `sent_from` and `sent_until` are seconds since the epoch, both included."""

    filters: tuple[tuple[str, str], ...]
    to: str | None
    sender: str | None
    sent_from: float | None
    sent_until: float | None
    page_size: int
    page: int
    below: int | None


def parse_query(query: Mapping[str, str]) -> Query | ApiError:
    """Check the parameters of a listing."""
    try:
        sent_from, sent_until = _dates(query)
        size = int(query.get("PageSize") or DEFAULT_PAGE_SIZE)
        page = int(query.get("Page") or 0)
        token = query.get("PageToken")
        below = None if token is None else _serial(token)
    except (ValueError, OverflowError) as error:
        return api_error(20001, str(error)[:200])
    if size < 1 or page < 0:
        return api_error(20001, "PageSize must be at least 1, Page at least 0")
    return Query(
        filters=tuple((name, query[name]) for name in _FILTERS if query.get(name)),
        to=query.get("To") or None,
        sender=query.get("From") or None,
        sent_from=sent_from,
        sent_until=sent_until,
        page_size=min(size, MAX_PAGE_SIZE),
        page=page,
        below=below,
    )


def list_page(store: MessageStore, query: Query, account_sid: str, visible_until: float) -> dict[str, object]:
    """One page, newest first, of the messages created up to `visible_until`.

    A message that is not sent has no `date_sent` and so meets no DateSent filter.
    """
    candidates = store.newest_first(to=query.to, sender=query.sender, below=query.below)
    wanted = (m for m in candidates if m.created_at <= visible_until and _sent_in_range(m, query))
    found = list(islice(wanted, query.page_size + 1))
    shown = found[: query.page_size]
    base = f"/{API_VERSION}/Accounts/{account_sid}/Messages.json"
    more = len(found) > query.page_size
    start = query.page * query.page_size
    return {
        "end": start + max(len(shown) - 1, 0),
        "first_page_uri": _uri(base, query, 0, None),
        "messages": [message.resource(account_sid) for message in shown],
        "next_page_uri": _uri(base, query, query.page + 1, shown[-1].serial) if more else None,
        "page": query.page,
        "page_size": query.page_size,
        "previous_page_uri": None,
        "start": start,
        "uri": _uri(base, query, query.page, query.below),
    }


def _uri(base: str, query: Query, page: int, below: int | None) -> str:
    parameters = [*query.filters, ("PageSize", str(query.page_size)), ("Page", str(page))]
    if below is not None:
        parameters.append(("PageToken", f"PA{below:032x}"))
    return f"{base}?{urlencode(parameters)}"


def _serial(token: str) -> int:
    if not token.startswith("PA"):
        raise ValueError("PageToken is not known")
    digits = token.removeprefix("PA")
    return int(digits, 16)


def _sent_in_range(message: Message, query: Query) -> bool:
    if query.sent_from is None and query.sent_until is None:
        return True
    if message.sent_at is None:
        return False
    second = int(message.sent_at)
    after = query.sent_from is None or second >= query.sent_from
    return after and (query.sent_until is None or second <= query.sent_until)


def _dates(query: Mapping[str, str]) -> tuple[float | None, float | None]:
    """The range that the date filters leave: `DateSent` is a whole day, the others are inclusive bounds."""
    sent_from = sent_until = None
    if text := query.get("DateSent"):
        sent_from, sent_until = _day(_moment(text)[0].date())
    if text := query.get("DateSent>"):
        moment, _ = _moment(text)
        sent_from = moment.timestamp()
    if text := query.get("DateSent<"):
        moment, whole_day = _moment(text)
        sent_until = _day(moment.date())[1] if whole_day else moment.timestamp()
    return sent_from, sent_until


def _day(day: date) -> tuple[float, float]:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return start.timestamp(), (start + timedelta(days=1)).timestamp() - 1


def _moment(text: str) -> tuple[datetime, bool]:
    """The moment in `text` (ISO 8601 or RFC 2822, GMT unless it says otherwise), and whether it is a bare day."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = parsedate_to_datetime(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC), len(text) == len("YYYY-MM-DD")
