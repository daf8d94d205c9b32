"""Units, parishes, places and outlines as their files write them, and how they become the policy's geography.

The files leave out what is not known (a name in the other language, a case form). The policy needs every
field, so the name in the unit's own language stands in; a form is never made up, the nominative stands in.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.base import Country, Id, Line, Model
from schemas.place import AdminCode, CodeScheme, Point
from schemas.policy.models import CasedNames, Forms, GazetteerPlace, Names, Parish, ParishNames, Unit

Note = Annotated[str, Field(max_length=500)]


class FileNames(Model):
    """A name in the languages in which it is known; at least one of them."""

    lv: Line | None = None
    lt: Line | None = None
    en: Line | None = None

    @model_validator(mode="after")
    def _some(self) -> "FileNames":
        if self.lv is None and self.lt is None:
            raise ValueError("give the name in lv or lt")
        return self

    def full(self, country: Country) -> Names:
        """All three, with the own language's name where one is missing."""
        own = (self.lv or self.lt) if country == "LV" else (self.lt or self.lv)
        assert own is not None, "checked by _some"  # noqa: S101 - tells the type checker what the validator ensures
        return Names(lv=self.lv or own, lt=self.lt or own, en=self.en or own)


class FileForms(Model):
    """Genitive and locative, as far as they are known."""

    lv_gen: Line | None = None
    lv_loc: Line | None = None
    lt_gen: Line | None = None
    lt_loc: Line | None = None

    def cased(self, names: Names) -> CasedNames:
        """The forms of ``names``."""
        return CasedNames(
            lv=Forms(nom=names.lv, gen=self.lv_gen or names.lv, loc=self.lv_loc or names.lv),
            lt=Forms(nom=names.lt, gen=self.lt_gen or names.lt, loc=self.lt_loc or names.lt),
            en=names.en,
        )


class FileCode(Model):
    """An administrative code. ``LAU-LT`` is Eurostat's number of a Lithuanian municipality (scheme LAU)."""

    scheme: Literal["ISO3166-2", "ATVK", "LAU", "LAU-LT"]
    code: Annotated[str, Field(pattern=r"^[A-Z0-9-]{1,12}$")]
    withdrawn: bool = False

    def admin_code(self) -> AdminCode:
        """The code in the schemes of records."""
        return AdminCode(scheme=CodeScheme.LAU if self.scheme == "LAU-LT" else CodeScheme(self.scheme), code=self.code)


class FileUnit(Model):
    """A municipality, or a former one with its successor."""

    id: Id
    country: Country
    level: Literal["municipality"] = "municipality"
    kind: Id
    names: FileNames
    place_names: FileNames | None = None
    forms: FileForms | None = None
    aliases: tuple[Line, ...] = ()
    codes: tuple[FileCode, ...] = ()
    former: bool = False
    from_: Annotated[date | None, Field(alias="from")] = None
    until: date | None = None
    successor: Id | None = None
    note: Note | None = None
    review: bool = False

    def unit(self) -> Unit:
        """The unit as the policy holds it. The bare name (Bauska, Bauskė) becomes an alias too."""
        short = (self.place_names or self.names).full(self.country)
        bare = tuple(name for name in (short.lv, short.lt, short.en) if self.place_names)
        return Unit(
            id=self.id,
            country=self.country,
            names=self.names.full(self.country),
            forms=self.forms.cased(short) if self.forms else None,
            aliases=tuple(dict.fromkeys((*self.aliases, *bare))),
            codes=tuple(code.admin_code() for code in self.codes),
            former=self.former,
            successor=self.successor,
            until=self.until,
        )


class FileDisplay(Model):
    """How a parish is written, in full and in short, as far as known."""

    lv: Line | None = None
    lt: Line | None = None
    lv_short: Line | None = None
    lt_short: Line | None = None

    @model_validator(mode="after")
    def _some(self) -> "FileDisplay":
        if not (self.lv and self.lv_short) and not (self.lt and self.lt_short):
            raise ValueError("give lv and lv_short, or lt and lt_short")
        return self

    def full(self) -> ParishNames:
        """All four, with the other language's where one is missing."""
        return ParishNames(
            lv=self.lv or self.lt or "?",
            lt=self.lt or self.lv or "?",
            lv_short=self.lv_short or self.lt_short or "?",
            lt_short=self.lt_short or self.lv_short or "?",
        )


class FileParish(Model):
    """A pagasts, town or seniūnija."""

    id: Id
    country: Country
    kind: Literal["pagasts", "pilseta", "seniunija"]
    names: FileNames
    display: FileDisplay
    aliases: tuple[Line, ...] = ()
    unit: Id
    former_unit: Id | None = None
    codes: tuple[FileCode, ...] = ()
    note: Note | None = None
    review: bool = False

    def parish(self) -> Parish:
        """The parish as the policy holds it."""
        return Parish(
            id=self.id,
            country=self.country,
            kind=self.kind,
            names=self.names.full(self.country),
            display=self.display.full(),
            aliases=self.aliases,
            unit=self.unit,
            former_unit=self.former_unit,
            codes=tuple(code.admin_code() for code in self.codes),
        )


class FilePlace(Model):
    """A named place with its position."""

    id: Id
    kind: Id
    names: FileNames
    forms: FileForms | None = None
    aliases: tuple[Line, ...] = ()
    unit: Id
    parish: Id | None = None
    lat: Annotated[float, Field(ge=50, le=60)]
    lon: Annotated[float, Field(ge=20, le=30)]
    shared_with: tuple[Id, ...] = ()
    note: Note | None = None
    review: bool = False

    def place(self, country: Country) -> GazetteerPlace:
        """The place as the policy holds it. ``country`` is its unit's; of several units that share it the
        first is kept."""
        names = self.names.full(country)
        return GazetteerPlace(
            id=self.id,
            kind=self.kind,
            names=names,
            forms=self.forms.cased(names) if self.forms else None,
            aliases=self.aliases,
            unit=self.unit,
            parish=self.parish,
            point=Point(lat=self.lat, lon=self.lon),
            shared_with=self.shared_with[0] if self.shared_with else None,
        )


class UnitsFile(Model):
    """``units.yaml``: municipalities and parishes."""

    units: Annotated[tuple[FileUnit, ...], Field(min_length=1)]
    parishes: tuple[FileParish, ...]


class PlacesFile(Model):
    """``places.yaml``: the gazetteer."""

    places: tuple[FilePlace, ...]
