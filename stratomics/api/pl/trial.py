"""Plots of an enrichment: power of the designs, and how well the score ranks patients by benefit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from omics.common.errors import InputError
from stratomics.api.enrichment import Enrichment
from stratomics.api.pl.axes import drawing, note
from stratomics.api.pl.evaluation import enrichment_of
from stratomics.report.figures.style import COLOURS, GREY
from stratomics.report.sections.enrichment_figures import draw_power, power_size
from stratomics.report.text.numbers import p_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["power", "targeting"]

FEWEST = 10
"""Number of patients at which the targeting curve begins; the means of fewer would hide the rest."""


def power(enrichment: Enrichment, *, ax: Axes | None = None) -> Axes:
    """Draw the share of virtual trials that reject, by design and scenario of the true effect.

    Parameters
    ----------
    enrichment
        An enrichment of a run.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        Power if the effect is as estimated, drawn from its interval, halved or late; the error if there is none.

    Raises
    ------
    InputError
        If no trial was planned, as for a table.
    """
    result = enrichment_of(enrichment)
    if result.run is None:
        raise InputError("no trial is planned for the enrichment of a table; enrich a run")
    plan = result.run.plan
    if not plan.virtual:
        raise InputError(
            "no trial could be planned from this enrichment; name the effect that would be worth a trial with plan_for="
        )
    width, height = power_size(plan)
    with drawing(ax, (width + 1.5, height)) as axes:
        draw_power(axes, plan)
        note(axes, [f"{plan.trials:,} virtual trials of each design and scenario"])
    return axes


def targeting(enrichment: Enrichment, *, ax: Axes | None = None) -> Axes:
    """Draw the targeting operator curve: how much more the patients ranked first benefit than all patients.

    Yadlowsky et al. 2025, doi 10.1080/01621459.2024.2393466.

    Parameters
    ----------
    enrichment
        An enrichment with two arms.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        A curve above 0 that falls to 0 means that the score ranks patients by benefit. It begins with the ten patients
        ranked first. The title has the area under the whole curve with its 95% interval.

    Raises
    ------
    InputError
        If the enrichment was read from a file, which does not hold the curve.
    """
    result = enrichment_of(enrichment)
    rate = result.rate
    if not len(rate.curve):
        raise InputError(
            "this enrichment was read from a file, which does not hold the curve; run st.enrich again"
        )
    shown = slice(min(FEWEST, len(rate.curve)) - 1, None)
    share = np.arange(1, len(rate.curve) + 1) / len(rate.curve)
    with drawing(ax, (5.6, 3.6)) as axes:
        axes.axhline(0.0, color=GREY, linewidth=1)
        axes.plot(share[shown], rate.curve[shown], color=COLOURS[0], linewidth=2)
        axes.set_xlim(0, 1)
        axes.xaxis.set_major_formatter("{x:.0%}")
        axes.set_xlabel("share of patients ranked first by the score")
        axes.set_ylabel(f"their benefit minus that of all\n({_unit(result.benefit.horizon)})")
        area = rate.autoc
        span = f"95% interval {area.low:.3g} to {area.high:.3g}"
        note(axes, [f"area {area.estimate:.3g} ({span}), {p_value(rate.p_autoc)}"])
    return axes


def _unit(horizon: float | None) -> str:
    """Say what a benefit is a difference of."""
    return "share of responders" if horizon is None else f"event-free time up to {horizon:.4g}, in its unit"
