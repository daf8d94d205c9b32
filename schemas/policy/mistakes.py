"""``Mistake``: what is wrong in a policy file, where, and how to mend it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, order=True)
class Mistake:
    """One mistake. ``file`` is relative to the policy directory, ``line`` counts from 1 (0: no single line).

    ``where`` is the path inside the file (``agreements.0.clauses.2.share``), ``problem`` says what is wrong and
    ``mend`` what to do. An ``error`` keeps the policy from loading, a ``warning`` does not.
    """

    file: str
    line: int
    where: str
    problem: str
    mend: str
    level: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        where = f" ({self.where})" if self.where else ""
        return f"{place}: {self.level}: {self.problem}{where}; {self.mend}"


class PolicyMistakes(Exception):
    """The files cannot be used: every mistake found, in the order of files and lines."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes


def errors_of(mistakes: tuple[Mistake, ...]) -> tuple[Mistake, ...]:
    """The mistakes that keep a file from being used."""
    return tuple(mistake for mistake in mistakes if mistake.level == "error")
