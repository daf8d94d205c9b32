"""A measured figure, its goal, and how far the one is from the other."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class AtMost:
    """A goal that is met by figures up to ``bound``."""

    bound: float


@dataclass(frozen=True)
class AtLeast:
    """A goal that is met by figures from ``bound`` on."""

    bound: float


Goal = AtMost | AtLeast


@dataclass(frozen=True)
class Figure:
    """One line of the table. ``note`` says what a reader must know to compare it, in a few words."""

    bench: str
    name: str
    value: float
    unit: str
    goal: Goal | None = None
    note: str = ""


def goal_text(figure: Figure) -> str:
    """The goal with its unit, or a dash where there is none."""
    match figure.goal:
        case AtMost(bound):
            return f"≤ {number(bound)} {figure.unit}"
        case AtLeast(bound):
            return f"≥ {number(bound)} {figure.unit}"
        case None:
            return "–"


def verdict(figure: Figure) -> str:
    """``met``, or by how much the goal is missed: in the figure's unit, and the figure as a multiple of the goal."""
    match figure.goal:
        case None:
            return ""
        case AtMost(bound) if figure.value > bound:
            missing = figure.value - bound
        case AtLeast(bound) if figure.value < bound:
            missing = bound - figure.value
        case _:
            return "met"
    return f"missed by {number(missing)} {figure.unit} ({figure.value / figure.goal.bound:.1f}×)"


def number(value: float) -> str:
    """``value`` to three significant digits, without an exponent."""
    if value >= 100:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of ``values`` that at least ``share`` (0 to 1) of them do not exceed (nearest rank).

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values to take a percentile of")
    ordered = sorted(values)
    rank = -(-len(ordered) * share // 1)  # rounded up
    return ordered[max(0, int(rank) - 1)]
