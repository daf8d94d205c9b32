"""``Parts``: the files of a policy directory as read, before they are one policy."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from schemas.base import Model
from schemas.policy.areas_file import BorderFile, OutlinesFile, read_geojson
from schemas.policy.files import (
    LANGUAGES,
    CompetenceFile,
    LaddersFile,
    PartiesFile,
    RolesFile,
    RostersFile,
    SettingsFile,
    UpkeepFile,
)
from schemas.policy.geography_file import PlacesFile, UnitsFile
from schemas.policy.mistakes import Mistake
from schemas.policy.models import Agreement
from schemas.policy.rates import Rates
from schemas.policy.shape import fit
from schemas.policy.source import Source, read_source
from schemas.policy.texts import Texts

F = TypeVar("F", bound=Model)

AGREEMENTS = "agreements"
OUTLINES = "areas/outlines.geojson"
BORDER = "areas/border.geojson"
RATES = "rates.yaml"
ROSTERS = "rosters.yaml"
UPKEEP = "upkeep.yaml"


@dataclass
class Parts:
    """Every file's source, and its model where it fits; ``mistakes`` are those of single files."""

    directory: Path
    sources: dict[str, Source] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def get(self, name: str, shape: type[F]) -> F | None:
        """The file ``name`` as ``shape``, or None where it did not fit."""
        model = self.models.get(name)
        return model if isinstance(model, shape) else None

    def need(self, name: str, shape: type[F]) -> F:
        """The file ``name`` as ``shape``, where it is known to have fitted.

        Raises:
            LookupError: it did not; its mistakes ought to have been looked at first.
        """
        model = self.get(name, shape)
        if model is None:
            raise LookupError(f"{name} did not fit its shape")
        return model

    def agreements(self) -> dict[str, Agreement]:
        """The agreements that could be read, by file name."""
        return {name: model for name, model in self.models.items() if isinstance(model, Agreement)}

    def add(self, source: Source, shape: type[Model]) -> None:
        """Fit ``source`` into ``shape`` and keep what came of it."""
        model, mistakes = fit(source, shape)
        self.sources[source.name] = source
        self.mistakes += mistakes
        if model is not None:
            self.models[source.name] = model


_SHAPES: dict[str, type[Model]] = {
    "policy.yaml": SettingsFile,
    "parties.yaml": PartiesFile,
    "competence.yaml": CompetenceFile,
    "roles.yaml": RolesFile,
    "ladders.yaml": LaddersFile,
    "units.yaml": UnitsFile,
    "places.yaml": PlacesFile,
    **{f"texts/{language}.yaml": Texts for language in LANGUAGES},
}

_OPTIONAL: dict[str, type[Model]] = {RATES: Rates, ROSTERS: RostersFile, UPKEEP: UpkeepFile}
"""Files that may be absent."""


def read_parts(directory: Path) -> Parts:
    """Read every file of the policy ``directory``."""
    parts = Parts(directory)
    for name, shape in _SHAPES.items():
        parts.add(read_source(directory / name, name), shape)
    for name, optional in _OPTIONAL.items():
        if (directory / name).exists():
            parts.add(read_source(directory / name, name), optional)
    for path in agreement_paths(directory):
        name = f"{AGREEMENTS}/{path.name}"
        parts.add(read_source(path, name), Agreement)
    parts.add(read_geojson(directory / OUTLINES, OUTLINES), OutlinesFile)
    parts.add(read_geojson(directory / BORDER, BORDER), BorderFile)
    if not any(name.startswith(f"{AGREEMENTS}/") for name in parts.sources):
        parts.mistakes.append(
            Mistake(AGREEMENTS, 0, "", "there is no agreement", "write agreements/<party>-<party>.yaml")
        )
    return parts


def agreement_paths(directory: Path) -> list[Path]:
    """The agreement files of a policy directory, without their tables of examples."""
    return sorted(path for path in (directory / AGREEMENTS).glob("*.yaml") if not path.name.endswith(".cases.yaml"))
