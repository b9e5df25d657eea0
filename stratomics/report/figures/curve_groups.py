"""Groups of patients whose survival curves are drawn: the curves, their table, and the comparison of groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.survival.time_unit import TimeUnit
from omics.cohort.endpoints import Survival
from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.effects.group_survival import group_hazard_ratio, log_rank_p
from stratomics.report.figures.style import COLOURS, LineDash
from stratomics.report.text.numbers import p_value
from stratomics.strata.groups.group_curve import GroupCurve, group_curve

__all__ = ["CurveComparison", "CurveGroup", "compare_groups", "curve_groups", "curves_table"]

PAIR = 2


@dataclass(frozen=True)
class CurveGroup:
    """A group of patients and how its curve is drawn.

    Attributes
    ----------
    name
        Name of the group.
    curve
        Its Kaplan-Meier curve.
    colour, linestyle
        How to draw it.
    """

    name: str
    curve: GroupCurve
    colour: str
    linestyle: LineDash = "-"


def curve_groups(
    survival: Survival,
    group: NDArray[np.int64],
    names: Sequence[str],
    colours: Sequence[str] = (COLOURS[2], COLOURS[0]),
) -> list[CurveGroup]:
    """Estimate the curve of each group.

    Parameters
    ----------
    survival
        Endpoint of n patients, who all have it.
    group
        (n,) number of the group of each patient.
    names, colours
        Name and colour of each group.

    Returns
    -------
    list of CurveGroup
        Groups without patients are left out.
    """
    members = [np.flatnonzero(group == number) for number in range(len(names))]
    return [
        CurveGroup(name, group_curve(survival.take(rows)), colour)
        for name, rows, colour in zip(names, members, colours, strict=True)
        if len(rows)
    ]


def curves_table(groups: Sequence[CurveGroup], unit: TimeUnit) -> pd.DataFrame:
    """Kaplan-Meier survival with its interval and number at risk at each distinct time of each group.

    Parameters
    ----------
    groups
        The groups.
    unit
        Unit in which times are shown.

    Returns
    -------
    DataFrame
        Columns group, time, survival, low, high and at risk.
    """
    parts = []
    for group in groups:
        of_group = group.curve
        columns = {
            f"time in {unit.name}" if unit.name else "time": of_group.curve.times * unit.factor,
            "survival": of_group.curve.values,
            "low": of_group.low,
            "high": of_group.high,
            "at risk": of_group.at_risk(of_group.curve.times),
        }
        parts.append(pd.DataFrame({"group": group.name} | columns))
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True)
class CurveComparison:
    """Comparison of the survival of groups.

    Attributes
    ----------
    names
        Names of the groups.
    ratio
        Hazard ratio of the second group to the first with its 95% interval, for two groups with a finite estimate.
    p
        P value of the log-rank test; NaN if no two groups are at risk at the time of an event.
    """

    names: tuple[str, ...]
    ratio: Effect | None
    p: float

    @property
    def lines(self) -> list[str]:
        """Lines of text for the corner of a plot."""
        lines = []
        if len(self.names) == PAIR:
            lines = [f"Hazard ratio, {self.names[1]} to {self.names[0]}:", self._ratio]
        return [*lines, f"Log-rank {p_value(self.p)}"] if np.isfinite(self.p) else lines

    @property
    def text(self) -> str:
        """The ratio and the test in one line."""
        parts = [self._ratio] if len(self.names) == PAIR else []
        return ", ".join([*parts, f"log-rank {p_value(self.p)}"] if np.isfinite(self.p) else parts)

    @property
    def _ratio(self) -> str:
        if self.ratio is None:
            return "not estimable"
        return f"{self.ratio.estimate:.2f} (95% {self.ratio.low:.2f} to {self.ratio.high:.2f})"


def compare_groups(survival: Survival, group: NDArray[np.int64], names: Sequence[str]) -> CurveComparison:
    """Compare the survival of groups by the log-rank test, and of two groups by their hazard ratio.

    Parameters
    ----------
    survival
        Endpoint of n patients, who all have it.
    group
        (n,) number of the group of each patient.
    names
        Name of each group.

    Returns
    -------
    CurveComparison
    """
    ratio = group_hazard_ratio(group == 1, survival) if len(names) == PAIR else None
    return CurveComparison(tuple(names), ratio, log_rank_p(group, survival))
