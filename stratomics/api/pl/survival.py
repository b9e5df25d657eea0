"""Kaplan-Meier plots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from models.survival.time_unit import round_ticks
from omics.common.errors import InputError
from stratomics.api.pl.axes import drawing, note
from stratomics.api.pl.km_groups import (
    RISK,
    PatientTable,
    cohort_patients,
    frame_patients,
    grouped,
    refuse_groups,
    run_patients,
)
from stratomics.api.run import Run
from stratomics.report.figures.curve_groups import CurveGroup, compare_groups
from stratomics.report.figures.style import COLOURS, DASHES, LineDash
from stratomics.report.figures.survival_curves import HEADER, LINE, draw_curve, numbers_at_risk
from stratomics.strata.groups.group_curve import group_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform
    from mudata import MuData

__all__ = ["km"]

CHARACTER = 0.07
"""Width of a character in inches."""

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
    end = float(groups.survival.time.max())
    ticks = round_ticks(end, patients.unit)
    lines = [] if learned or by is None else compare_groups(groups.survival, groups.group, groups.names).lines
    with drawing(ax, _size(groups.names, lines)) as axes:
        for number, (name, curve) in enumerate(zip(groups.names, curves, strict=True)):
            dash: LineDash = "-" if number < len(COLOURS) else DASHES[0]
            label = f"{name or 'all patients'} (n = {len(curve.survival.time)})"
            draw_curve(axes, CurveGroup(label, curve, _colour(number), dash))
        axes.set_ylim(0, 1.02)
        axes.set_xlim(0, 1.02 * end)
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xlabel("time" if patients.unit is None else f"time in {patients.unit}")
        axes.set_ylabel("Kaplan-Meier survival")
        named = [
            CurveGroup(name, curve, _colour(number))
            for number, (name, curve) in enumerate(zip(groups.names, curves, strict=True))
        ]
        numbers_at_risk(axes, named, ticks)
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


def _legend(axes: Axes, lines: list[str], place: tuple[float, float], transform: Transform) -> None:
    """Name the groups outside the plot, where no curve is covered."""
    axes.legend(
        title="\n".join(lines),
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


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
