"""A hole: something that is there at one end and not at the other."""

from dataclasses import dataclass

SEARCH_BACKUP = "compare with a backup (`borderlands export` files can be audited with --log)"
LOOK_AT_DISPATCHER = "see whether the dispatcher runs (`borderlands status`) and what its log says"


@dataclass(frozen=True)
class Hole:
    """What is missing, where it shows, on which topic, under which id, and what to do about it."""

    what: str
    where: str
    topic: str = ""
    id: str = ""
    mend: str = SEARCH_BACKUP
