"""Where a rule stands in the policy's files: file and line, if those files are the policy that was applied."""

from pathlib import Path

from schemas.policy.load import load_policy
from schemas.policy.mistakes import PolicyMistakes
from schemas.policy.source import read_source
from schemas.policy.versions import is_version_of


class RuleFiles:
    """The policy directory ``folder``; nothing is said of it unless it is the version asked about."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, bool] = {}

    def place_of(self, version: str, agreement: str, clause: str) -> str | None:
        """``agreements/birzai-vecumnieki.yaml:31``, or None where it is not known."""
        if not self._is(version):
            return None
        path = self._folder / "agreements" / f"{agreement}.yaml"
        source = read_source(path, f"agreements/{path.name}")
        clauses = source.data.get("clauses", []) if isinstance(source.data, dict) else []
        for number, one in enumerate(clauses):
            if isinstance(one, dict) and one.get("id") == clause:
                return f"{source.name}:{source.line_of(('clauses', number))}"
        return None

    def _is(self, version: str) -> bool:
        if version not in self._known:
            try:
                self._known[version] = is_version_of(version, load_policy(self._folder))
            except (PolicyMistakes, OSError):
                self._known[version] = False
        return self._known[version]
