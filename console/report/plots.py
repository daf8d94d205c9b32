"""Pictures as SVG: the same figures give the same bytes, letters are outlines, and grey print tells them apart."""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from console.report.spread import Spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DARK, LIGHT, INK, SOFT, GRID = "#1f4e79", "#b9cfe4", "#1a1a1a", "#595959", "#d9d9d9"
"""Two blues that stay a dark and a light grey on a printer, the colours of letters, and of lines behind."""

WIDTH_IN: Final = 6.6
_ROW_IN = 0.27
_TICKS_S = (1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600, 7 * 24 * 3600)


@dataclass(frozen=True)
class Bar:
    """A bar: its name, this month's count, and the month before's (None where there is no data)."""

    name: str
    value: int
    before: int | None = None


@dataclass(frozen=True)
class Caption:
    """What a picture is called and, for a reader who cannot see it, what it shows; ``now`` and ``before`` name the two
    months in its legend."""

    key: str
    title: str
    description: str
    now: str = ""
    before: str = ""


def bars(caption: Caption, rows: Sequence[Bar]) -> str:
    """Horizontal bars, each with its number; the month before as a thin light bar below."""

    def draw(axes: "Axes") -> None:
        compared = any(row.before is not None for row in rows)
        places = list(range(len(rows)))
        height = 0.42 if compared else 0.6
        shift = 0.18 if compared else 0.0
        axes.barh([at - shift for at in places], [row.value for row in rows], height, color=DARK, label=caption.now)
        if compared:
            values = [row.before or 0 for row in rows]
            axes.barh(
                [at + 0.23 for at in places], values, 0.26, color=LIGHT, edgecolor=DARK, linewidth=0.6, hatch="////",
                label=caption.before,
            )  # fmt: skip
            axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=8)
        for at, row in enumerate(rows):
            _count(axes, row.value, at - shift, 9, INK)
            if row.before is not None:
                _count(axes, row.before, at + 0.23, 7, SOFT)
        axes.set_yticks(places, [row.name for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        largest = max((max(row.value, row.before or 0) for row in rows), default=1)
        axes.set_xlim(0, max(largest, 1) * 1.12)
        axes.set_xticks([])
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        axes.tick_params(axis="y", length=0)

    return _svg(
        caption, draw, _ROW_IN * max(len(rows), 2) * (1.35 if any(row.before is not None for row in rows) else 1)
    )


def _count(axes: "Axes", value: int, at: float, size: int, color: str) -> None:
    """The number at the end of a bar."""
    axes.annotate(
        str(value), (value, at), xytext=(4, 0), textcoords="offset points", va="center", fontsize=size, color=color
    )


def dots(
    caption: Caption,
    rows: Sequence[tuple[str, Spread]],
    axis: str,
    half: str,
    duration: Callable[[float], str],
) -> str:
    """A dot for each value on a line for each name, time on a logarithmic scale; a bar at the median."""

    def draw(axes: "Axes") -> None:
        values = [max(value, 0.5) for _, spread in rows for value in spread.values]
        for at, (_, spread) in enumerate(rows):
            shown = [max(value, 0.5) for value in spread.values]
            heights = [at + _jitter(place) for place in range(len(shown))]
            axes.plot(shown, heights, "o", color=DARK, markersize=4.5, markeredgecolor="white", markeredgewidth=0.5)
            if spread.median is not None:
                axes.plot([max(spread.median, 0.5)] * 2, [at - 0.38, at + 0.38], color=INK, linewidth=2)
                axes.annotate(
                    f"{half}: {duration(spread.median)}", (max(spread.median, 0.5), at - 0.38), xytext=(4, 1),
                    textcoords="offset points", fontsize=8, va="bottom",
                )  # fmt: skip
        axes.set_xscale("log")
        low, high = min(values, default=1), max(values, default=60)
        ticks = [tick for tick in _TICKS_S if low / 3 <= tick <= high * 3]
        axes.set_xticks(ticks, [duration(tick) for tick in ticks])
        axes.set_xticks([], minor=True)
        axes.set_xlim(low / 1.6, high * 2.6)
        axes.grid(axis="x", color=GRID, linewidth=0.7)
        axes.set_axisbelow(True)
        axes.set_yticks(range(len(rows)), [name for name, _ in rows])
        axes.set_ylim(len(rows) - 0.4, -0.8)
        axes.set_xlabel(axis, fontsize=8)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)

    return _svg(caption, draw, 0.58 * max(len(rows), 1) + 0.55)


def _jitter(place: int) -> float:
    """Lays dots of like values beside each other, always in the same way."""
    return (place * 7 % 11 - 5) / 22


def _svg(caption: Caption, draw: Callable[["Axes"], None], height_in: float) -> str:
    import matplotlib as mpl  # half a second, so only where something is drawn
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    # "DejaVu Sans" comes with matplotlib and has every letter of the three languages.
    with mpl.rc_context(
        {
            "svg.fonttype": "path",
            "svg.hashsalt": caption.key,
            "font.family": "DejaVu Sans",
            "font.size": 9,
            "text.color": INK,
            "axes.labelcolor": INK,
            "hatch.linewidth": 0.5,
        }
    ):
        figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.add_subplot())
        return _inlined(_written(figure), caption)


def _written(figure: "Figure") -> str:
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return out.getvalue()


_ID = re.compile(r'(\bid="|href="#|url\(#)')


def _inlined(svg: str, caption: Caption) -> str:
    """``svg`` as an element of a page: no prologue, ids of its own, a title and a description for screen readers."""
    body = svg[svg.index("<svg") :].strip()
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = _ID.sub(rf"\g<1>{caption.key}-", body)
    names = f"{caption.key}-title {caption.key}-desc"
    head, _, rest = body.partition(">")
    said = (
        f'<title id="{caption.key}-title">{escape(caption.title)}</title>'
        f'<desc id="{caption.key}-desc">{escape(caption.description)}</desc>'
    )
    return f'{head} role="img" aria-labelledby="{names}">{said}{rest}'
