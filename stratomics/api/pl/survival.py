"""Kaplan-Meier plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import InputError
from stratomics.api.group_survival import GroupCurve, group_curve, group_hazard_ratio, log_rank_p
from stratomics.api.pl.axes import drawing, note, p_text
from stratomics.api.pl.km_groups import (
    RISK,
    KmGroups,
    PatientTable,
    cohort_patients,
    frame_patients,
    grouped,
    refuse_groups,
    run_patients,
)
from stratomics.api.run import Run
from stratomics.report.figures import COLOURS, DASHES
from stratomics.report.sections.survival import LineDash, plot_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform
    from mudata import MuData

__all__ = ["km"]

Array = NDArray[np.float64]

CHARACTER = 0.07
"""Width of a character in inches."""

TICKS = 7
"""Maximum number of intervals between ticks."""

MONTHS = (1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 36.0, 60.0, 120.0)
"""Steps of round ticks of months, which are counted in years."""

LINE, HEADER, GAP = 13.0, 44.0, 20.0
"""Of the numbers at risk, in points: height of a line, distance below the plot, and of names to the left."""

LEGEND_GAP, POINTS = 2.0, 72.0
"""Space above the legend in points, and points of an inch."""


def km(
    data: MuData | Run | pd.DataFrame,
    by: str | None = None,
    *,
    endpoint: str | None = None,
    time: str | None = None,
    event: str | None = None,
    entry: str | None = None,
    unit: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw Kaplan-Meier curves with 95% bands, censoring marks and numbers at risk.

    Parameters
    ----------
    data
        A cohort, a run of ``st.run`` or ``st.open_run``, or a data frame with one row per patient.
    by
        A column with groups: of ``cohort.obs``, of a data frame, or a covariate of a run; ``"arm"`` for the treatment
        arm, ``"risk"`` for thirds of the out-of-fold risk of a run. One curve of all patients by default.
    endpoint
        For a cohort: a survival endpoint; by default the primary one, or the only one.
    time, event, entry
        For a data frame: columns of the time, of the event (1 or True if it occurred), and of the time of entry under
        observation, if it was delayed.
    unit
        Unit of time to show: days, weeks, months or years. Times of a cohort or a run are converted to it; for a data
        frame it names the unit of its times.
    ax
        Axes to draw on; a new figure by default. Numbers at risk and the legend are below the plot: give
        ``layout="constrained"`` to ``plt.subplots``, so that panels make room for them.

    Returns
    -------
    Axes
        Bands are pointwise, by Greenwood's variance on the log-log scale. The legend has the p-value of the log-rank
        test, and for two groups the hazard ratio of the second to the first with its 95% interval (Cox regression with
        Efron's ties). Patients without the endpoint or a group are left out and counted in the title, or in
        the legend on Axes that are given.

    Raises
    ------
    InputError
        If `data` is of another type, a column or endpoint does not exist, there are more than ten groups, or `ax` is
        no ordinary Axes.
    DataError
        If no patient has the endpoint.

    Notes
    -----
    Groups of risk have no p-value: out-of-fold predictions depend on the outcomes of the other patients, so that a
    log-rank test of them is not valid (Simon et al. 2011, doi 10.1093/bib/bbr001).
    """
    patients = _patients(data, by, endpoint, time, event, entry, unit)
    groups = grouped(patients, by)
    learned = isinstance(data, Run) and by == RISK
    curves = [
        group_curve(groups.survival.take(np.flatnonzero(groups.group == number)))
        for number in range(len(groups.names))
    ]
    ticks = _ticks(float(groups.survival.time.max()), patients.unit)
    lines = [] if learned or by is None else _comparison(groups)
    with drawing(ax, _size(groups.names, lines)) as axes:
        for number, (name, curve) in enumerate(zip(groups.names, curves, strict=True)):
            _draw_curve(axes, number, name, curve)
        axes.set_ylim(0, 1.02)
        axes.set_xlim(0, 1.02 * groups.survival.time.max())
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xlabel("time" if patients.unit is None else f"time in {patients.unit}")
        axes.set_ylabel("Kaplan-Meier survival")
        _numbers_at_risk(axes, groups.names, curves, ticks)
        if ax is None and by is not None:
            _legend(axes, [by, *lines], (1.02, 1.0), axes.transAxes)
        else:
            # The title of a panel belongs to the caller.
            about = [by or "", *lines, *(groups.left_out if ax else [])]
            _legend(axes, about, (0.0, 0.0), _below(axes, len(groups.names)))
        note(axes, [] if ax else groups.left_out)
    return axes


def _patients(
    data: MuData | Run | pd.DataFrame,
    by: str | None,
    endpoint: str | None,
    time: str | None,
    event: str | None,
    entry: str | None,
    unit: str | None,
) -> PatientTable:
    is_frame = isinstance(data, pd.DataFrame)
    named = {"time": time, "event": event, "entry": entry}
    if not is_frame and (given := [name for name, column in named.items() if column is not None]):
        raise InputError(f"{given[0]}= is for a data frame; a cohort and a run have endpoints")
    if endpoint is not None and (is_frame or isinstance(data, Run)):
        raise InputError(
            "endpoint= is for a cohort; a run has its primary endpoint, and a data frame has columns"
        )
    if isinstance(data, pd.DataFrame):
        return frame_patients(data, time, event, entry, unit)
    if isinstance(data, Run):
        return run_patients(data).in_unit(unit)
    patients = cohort_patients(data, endpoint)
    refuse_groups(data, by)
    return patients.in_unit(unit)


def _size(names: tuple[str, ...], lines: list[str]) -> tuple[float, float]:
    """Width and height of a new figure with space for names on the left and the legend on the right."""
    left = max(map(len, names))
    right = max([left + len("(n = 1000)"), *map(len, lines)]) if left else 0
    return 5.6 + CHARACTER * (left + right), 3.6 + 0.2 * len(names)


def _draw_curve(axes: Axes, number: int, name: str, group: GroupCurve) -> None:
    colour, curve = _colour(number), group.curve
    dash: LineDash = "-" if number < len(COLOURS) else DASHES[0]
    size = len(group.survival.time)
    plot_curve(axes, curve, colour, f"{name} (n = {size})" if name else f"all patients (n = {size})", dash)
    times = np.concatenate([[0.0], curve.times])
    low, high = (np.concatenate([[1.0], end]) for end in (group.low, group.high))
    axes.fill_between(times, low, high, step="post", color=colour, alpha=0.15, linewidth=0)
    censored = np.sort(group.survival.time[~group.survival.event])
    axes.plot(censored, curve(censored), "|", color=colour, markersize=6, markeredgewidth=0.8)


def _numbers_at_risk(axes: Axes, names: tuple[str, ...], curves: list[GroupCurve], ticks: Array) -> None:
    """Write the patients under observation at each tick below the plot, in points, so that any size of Axes fits."""

    def write(text: str, x: float, line: int, *, label: bool, **font: Any) -> None:
        axes.annotate(
            text,
            (x, 0.0),
            (-GAP if label else 0.0, -HEADER - LINE * line),
            xycoords=("axes fraction" if label else "data", "axes fraction"),
            textcoords="offset points",
            ha="right" if label else "center",
            va="top",
            fontsize=9,
            annotation_clip=False,
            **font,
        )

    write("at risk", 0.0, 0, label=True, style="italic")
    for number, (name, group) in enumerate(zip(names, curves, strict=True)):
        # One curve needs no name, and its numbers are beside the header.
        line = number + 1 if len(names) > 1 or name else 0
        if line:
            write(name, 0.0, line, label=True, color=_colour(number))
        for tick, count in zip(ticks, group.at_risk(ticks), strict=True):
            write(str(count), float(tick), line, label=False)


def _legend(axes: Axes, lines: list[str], place: tuple[float, float], transform: Transform) -> None:
    """Name the groups outside the plot, where no curve is covered."""
    axes.legend(
        title="\n".join(lines),
        fontsize=9,
        title_fontsize=9,
        alignment="left",
        frameon=False,
        borderaxespad=0.0,
        loc="upper left",
        bbox_to_anchor=place,
        bbox_transform=transform,
    )


def _below(axes: Axes, groups: int) -> Transform:
    """Origin of a legend below the numbers at risk, in points as these are."""
    from matplotlib.transforms import ScaledTranslation

    figure = axes.get_figure(root=True)
    assert figure is not None, "Axes to draw on are in a figure"
    lines = groups + 1 if groups > 1 else 2
    down = (HEADER + LINE * lines + LEGEND_GAP) / POINTS
    return axes.transAxes + ScaledTranslation(0.0, -down, figure.dpi_scale_trans)


def _comparison(groups: KmGroups) -> list[str]:
    """Hazard ratio of two groups, and the log-rank test."""
    lines, p = [], log_rank_p(groups.group, groups.survival)
    if len(groups.names) == 2:  # noqa: PLR2004  # a ratio compares two groups
        first, second = groups.names
        effect = group_hazard_ratio(groups.group == 1, groups.survival)
        value = (
            "not estimable"
            if effect is None
            else f"{effect.estimate:.2f} (95% {effect.low:.2f} to {effect.high:.2f})"
        )
        lines += [f"hazard ratio, {second} to {first}:", value]
    if np.isfinite(p):
        lines.append(f"log-rank {p_text(p)}")
    return lines


def _ticks(end: float, unit: str | None) -> Array:
    """Round ticks from 0 to at most the last time."""
    from matplotlib.ticker import MaxNLocator

    if unit == "months" and end < TICKS * MONTHS[-1]:
        step = next(step for step in MONTHS if end / step <= TICKS)
        return np.arange(0.0, end + step / 2.0, step)[: int(end / step) + 1]
    ticks = np.asarray(MaxNLocator(TICKS, steps=[1, 2, 5, 10]).tick_values(0.0, end), dtype=np.float64)
    return ticks[(ticks >= 0.0) & (ticks <= end)]


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
