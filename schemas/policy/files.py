"""The shape of each single file of a policy directory.

Beside these: ``agreements/*.yaml`` (``Agreement``; its examples stand in ``*.cases.yaml``),
``texts/<language>.yaml`` (``Texts``), ``units.yaml`` and ``places.yaml`` (``geography_file``) and
``areas/*.geojson`` (``areas_file``).
"""

from typing import Annotated, Final

from pydantic import Field

from schemas.base import Id, Lang, Model
from schemas.policy.models import (
    Canary,
    ChangeRule,
    Competence,
    ContactChecks,
    Ladder,
    Limits,
    Party,
    RoleInfo,
    Service,
    Staff,
)
from schemas.policy.retention import Retention
from schemas.policy.rosters import Roster
from schemas.vocabulary import EventType

LANGUAGES: Final[tuple[Lang, ...]] = ("lv", "lt", "en")


class SettingsFile(Model):
    """``policy.yaml``: limits the rules judge by, the width of the uncertain band along the border, how long records
    are kept, and how the policy itself may be changed."""

    limits: Limits
    retention: Retention = Retention()
    border_band_m: Annotated[int, Field(ge=0, le=10_000)]
    change: ChangeRule | None = None


class PartiesFile(Model):
    """``parties.yaml``: the sides of the agreements."""

    parties: Annotated[tuple[Party, ...], Field(min_length=2)]


class CompetenceFile(Model):
    """``competence.yaml``: services, and which of them leads and assists for each event type and country."""

    services: tuple[Service, ...]
    competence: dict[EventType, Competence]


class RolesFile(Model):
    """``roles.yaml``: roles, and which contacts hold them at each party (party, then role)."""

    roles: tuple[RoleInfo, ...]
    staff: dict[Id, dict[Id, Staff]]


class RostersFile(Model):
    """``rosters.yaml``: who is on duty when, by party and role. Without the file, all who hold a role are."""

    rosters: dict[Id, dict[Id, Roster]]


class LaddersFile(Model):
    """``ladders.yaml``: whom to wake in which order."""

    ladders: tuple[Ladder, ...]


class UpkeepFile(Model):
    """``upkeep.yaml``, which may be missing: how the system checks itself and the people it reaches."""

    canary: Canary | None = None
    contact_checks: ContactChecks | None = None
