"""The picture of the explorer: where its lines and marks lie, in the coordinates of the drawing.

All points are computed here, for every position of the controls; the script only picks those of the chosen position.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stratomics.enrichment.effects.trial import ARMS
from stratomics.enrichment.plan.explorer_curves import PER_YEAR
from stratomics.enrichment.plan.explorer_table import ExplorerCurves, ExplorerTable, Nested
from stratomics.report.section import cell

__all__ = ["ALL_COMERS", "ENRICHED", "SIDES", "DrawnCurves", "Picture", "drawn_at", "mapped", "picture_of"]

LEFT, RIGHT, TOP, BOTTOM = 58, 306, 26, 160
"""Edges of the plots."""
CURVE_END = 250
"""Right edge of the curves, beside which the names of the arms stand."""
APART = 14
"""Smallest distance between the names of the arms."""
SIDES = ("inside", "outside")
ROUND = tuple(part * 10**k for k in range(8) for part in (1, 2, 5))
"""Round numbers."""
RATE_AT = (120, 220)
"""Position of the arms, for a response."""
ENRICHED, ALL_COMERS = 4, 2
"""Number of scales of the trials."""


@dataclass(frozen=True)
class DrawnCurves:
    """Coordinates of the outcomes of the arms.

    Attributes
    ----------
    paths
        Path by threshold, side and arm: a Kaplan-Meier curve, or a share of positive responses with its interval.
    names
        Height of the name of the arm, by threshold, side and arm; empty for a response.
    ticks
        Position and label on the axis of time; empty for a response.
    unit
        Unit of that axis.
    at_risk
        Number at risk by threshold, side, arm and tick; empty for a response.
    """

    paths: list[list[list[str]]]
    names: list[list[list[int]]] = field(default_factory=list)
    ticks: list[tuple[int, str]] = field(default_factory=list)
    unit: str = ""
    at_risk: Nested = field(default_factory=list)


@dataclass(frozen=True)
class Picture:
    """Coordinates of the drawing.

    Attributes
    ----------
    x
        Of each threshold.
    power, need
        Height of the enrichment trial by threshold, prevalence, sensitivity and specificity: its power, and its events
        (or patients, of a response) on a logarithmic axis; None where there is no trial.
    power_all, need_all
        The same of all comers, by threshold and prevalence.
    target
        Height of the planned power.
    need_ticks
        Height -> number on the logarithmic axis.
    curves
        Outcomes of the arms.
    """

    x: list[int]
    power: Nested | None
    need: Nested | None
    power_all: Nested | None
    need_all: Nested | None
    target: int
    need_ticks: dict[int, str]
    curves: DrawnCurves


def picture_of(content: ExplorerTable) -> Picture | None:
    """Place the lines of the picture.

    Parameters
    ----------
    content
        The table.

    Returns
    -------
    Picture or None
        None for a table of an earlier version, which has no curves.
    """
    curves, enriched, all_comers = content.curves, content.enriched, content.all_comers
    if curves is None or enriched.power is None or all_comers.power is None:
        return None
    which = 0 if content.survives else 1
    numbers = [
        number
        for part, depth in ((enriched.size, ENRICHED), (all_comers.size, ALL_COMERS))
        for number in _leaves(mapped(part, depth, lambda size: float(size[which])))
    ]
    low, high = _ends(numbers)

    def height_of(number: float) -> int:
        return _height(math.log(number / low) / math.log(high / low))

    return Picture(
        x=[_across(share) for share in content.scales["threshold"]],
        power=mapped(enriched.power, ENRICHED, _height),
        need=mapped(enriched.size, ENRICHED, lambda size: height_of(size[which])),
        power_all=mapped(all_comers.power, ALL_COMERS, _height),
        need_all=mapped(all_comers.size, ALL_COMERS, lambda size: height_of(size[which])),
        target=_height(content.power),
        need_ticks={height_of(number): f"{number:,}" for number in _ticks(low, high)},
        curves=_curves(curves, content.unit),
    )


def drawn_at(picture: Picture, place: Mapping[str, int]) -> dict[str, str]:
    """Write the attributes of the drawing at one position; the script writes the same.

    Parameters
    ----------
    picture
        From :func:`picture_of`.
    place
        Index on each scale.

    Returns
    -------
    dict
        Name of an element of the drawing -> its path, transformation or radius.
    """
    k, p, i, j = (place[name] for name in ("threshold", "prevalence", "sensitivity", "specificity"))
    x, drawn = picture.x, {}
    for name, inside, all_comers in (
        ("power", picture.power, picture.power_all),
        ("need", picture.need, picture.need_all),
    ):
        heights = [_at(inside, (cut, p, i, j)) for cut in range(len(x))]
        drawn[f"{name}_enriched"] = _line(x, heights)
        drawn[f"{name}_all"] = _line(x, [_at(all_comers, (cut, p)) for cut in range(len(x))])
        drawn[f"{name}_mark"] = f"translate({x[k]} {TOP + 8 if heights[k] is None else heights[k]})"
        drawn[f"{name}_dot"] = "0" if heights[k] is None else "5"
        drawn[f"{name}_guide"] = f"M{x[k]} {TOP}V{BOTTOM}"
    curves = picture.curves
    for s, side in enumerate(SIDES):
        for a, arm in enumerate(ARMS):
            drawn[f"{side}_{arm}"] = curves.paths[k][s][a]
            if curves.names:
                drawn[f"{side}_{arm}_name"] = f"translate({CURVE_END + 6} {curves.names[k][s][a]})"
    return drawn


def _curves(curves: ExplorerCurves, unit: str | None) -> DrawnCurves:
    if not curves.times:
        paths = [
            [[_rate(arm, *rate) for arm, rate in enumerate(side)] for side in cut] for cut in curves.survival
        ]
        return DrawnCurves(paths)
    across = {time: LEFT + round((CURVE_END - LEFT) * time / curves.times[-1]) for time in curves.times}
    xs = list(across.values())
    step = curves.ticks[1] if len(curves.ticks) > 1 else curves.times[-1]
    part, name = _time_unit(step, unit)
    return DrawnCurves(
        paths=[[[_steps(xs, curve) for curve in side] for side in cut] for cut in curves.survival],
        names=[[_apart([_last(curve) for curve in side]) for side in cut] for cut in curves.survival],
        ticks=[
            (LEFT + round((CURVE_END - LEFT) * tick / curves.times[-1]), cell(round(tick / part, 6)))
            for tick in curves.ticks
        ],
        unit=name,
        at_risk=curves.at_risk,
    )


def _time_unit(step: float, unit: str | None) -> tuple[float, str]:
    """Choose years or months by the step between ticks; a unit that is not known stays."""
    year = PER_YEAR.get(unit or "")
    if year is None:
        return 1.0, unit or "time"
    return (year, "years") if step > 0.99 * year else (year / 12.0, "months")


def _across(share: float) -> int:
    """Place a share between 15% and 85%."""
    return LEFT + round((RIGHT - LEFT) * (share - 0.15) / 0.7)


def _height(share: float) -> int:
    return BOTTOM - round((BOTTOM - TOP) * share)


def _ends(numbers: Sequence[float]) -> tuple[int, int]:
    """Round numbers that enclose the numbers, at least a factor of ten apart.

    Examples
    --------
    >>> _ends([37.0, 812.0]), _ends([])
    ((20, 1000), (10, 1000))
    """
    if not numbers:
        return 10, 1000
    low = max(number for number in ROUND if number <= max(min(numbers), 1.0))
    return low, min(number for number in ROUND if number >= max(*numbers, 10.0 * low))


def _ticks(low: int, high: int) -> list[int]:
    """Powers of ten between the ends, and the ends that are not near to one.

    Examples
    --------
    >>> _ticks(20, 1000), _ticks(50, 20_000)
    ([20, 100, 1000], [100, 1000, 10000])
    """
    decades = [number for number in ROUND[::3] if low <= number <= high]
    gap = (high / low) ** 0.2
    ends = [end for end in (low, high) if all(max(end / one, one / end) > gap for one in decades)]
    return sorted({*decades, *ends})


def mapped(nested: Nested | None, depth: int, place: Callable[[Any], Any]) -> Nested | None:
    """Replace each element at a depth of nested lists.

    Parameters
    ----------
    nested
        Lists within lists; None stands for everything below it, and stays.
    depth
        Depth of the elements, such as the number of scales.
    place
        Gives the element that takes the place of another.

    Returns
    -------
    list or None
        Lists of the same shape.
    """
    if nested is None:
        return None
    return [
        None if part is None else place(part) if depth == 1 else mapped(part, depth - 1, place)
        for part in nested
    ]


def _leaves(nested: Nested | None) -> list[float]:
    if nested is None:
        return []
    return [
        number
        for part in nested
        for number in (_leaves(part) if isinstance(part, list) else [] if part is None else [part])
    ]


def _at(nested: Nested | None, at: Sequence[int]) -> int | None:
    found: Any = nested
    for place in at:
        found = None if found is None else found[place]
    return None if found is None else int(found)


def _line(xs: Sequence[int], heights: Sequence[int | None]) -> str:
    """Join the points; a point without a height breaks the line."""
    path, pen = "", "M"
    for x, y in zip(xs, heights, strict=True):
        if y is None:
            pen = "M"
        else:
            # A line of length 0 shows a point that stands alone.
            path += f"{pen}{x} {y}" + ("h0" if pen == "M" else "")
            pen = "L"
    return path


def _steps(xs: Sequence[int], curve: Nested) -> str:
    """Draw a step function; None ends it."""
    path, before = "", 0
    for x, survival in zip(xs, curve, strict=True):
        if survival is None:
            break
        y = _height(survival)
        if not path:
            path = f"M{x} {y}"
        elif y != before:
            path += f"H{x}V{y}"
        before, end = y, x
    return f"{path}H{end}" if path else ""


def _last(curve: Nested) -> int:
    return _height(next((value for value in reversed(curve) if value is not None), 1.0))


def _apart(heights: Sequence[int]) -> list[int]:
    """Move the names of two arms apart where their curves end close to each other, and centre them on their lines."""
    first, second = heights
    missing = max(0, APART - abs(first - second))
    up, down = -(missing // 2), missing - missing // 2
    moved = (first + up, second + down) if first < second else (first + down, second + up)
    return [y + 4 for y in moved]


def _rate(arm: int, share: float | None, low: float | None, high: float | None) -> str:
    """Draw the interval of a share as a line, and the share as a bar across it."""
    if share is None or low is None or high is None:
        return ""
    x = RATE_AT[arm]
    return f"M{x} {_height(low)}V{_height(high)}M{x - 9} {_height(share)}h18"
