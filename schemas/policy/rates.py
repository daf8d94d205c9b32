"""How fast messages go out: a table by channel and lane, and how many routine texts one contact gets at a time."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Model
from schemas.policy.durations import Duration
from schemas.vocabulary import Channel, Lane


class Rate(Model):
    """How fast one lane of a channel may go out, all its notifiers together: ``per_second`` on average, and ``burst``
    at once after a pause. A lane has a sender number of its own, so this is the rate of one sender as well.

    ``unit``: messages, or segments, the parts a provider counts an SMS by.
    """

    channel: Channel
    lane: Lane
    per_second: Annotated[float, Field(gt=0, le=10_000)]
    burst: Annotated[int, Field(ge=1, le=100_000)]
    unit: Literal["messages", "segments"] = "messages"


class ContactPace(Model):
    """How many routine texts one contact gets: ``at_once`` after a pause, then one in ``one_per`` (seconds).

    Of ``digest_from`` or more that wait, one text tells together; None: each is a text of its own however many wait.
    """

    at_once: Annotated[int, Field(ge=1, le=100)]
    one_per: Duration
    digest_from: Annotated[int, Field(ge=2, le=50)] | None = None


class Rates(Model):
    """``rates.yaml``. A lane without a line, and a file that is not there, mean no limit of our own."""

    rates: tuple[Rate, ...] = ()
    routine_texts: ContactPace | None = None

    def of(self, channel: Channel, lane: Lane) -> Rate | None:
        """The line of one lane, if it has one."""
        return next((rate for rate in self.rates if (rate.channel, rate.lane) == (channel, lane)), None)
