"""Figures of the section on exposure: risk over exposure, levels against predictions, visual predictive check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter
from numpy.typing import NDArray

from omics.cohort.endpoints import Survival
from stratomics.pharmacology.exposure_curve import RiskCurve, exposure_grid, risk_curve
from stratomics.pharmacology.exposure_quarters import outcome_quarters
from stratomics.pharmacology.exposure_response import SHARE_STEP, Endpoint, slope_of
from stratomics.pharmacology.run_exposure import GoodnessOfFit, RunExposure
from stratomics.report.figures.style import COLOURS, GREY, INK, NARROW, WIDE, new_figure
from stratomics.report.section import Panel
from stratomics.report.text.exposure import is_share, measure_name, ratio_text, target_text, unit_of

__all__ = ["Outcome", "check_panel", "curve_panel", "levels_panel", "shown"]

Array = NDArray[np.float64]

SIDE_BY_SIDE = 2
STEPS = (1.0, 2.0, 5.0)
PERCENTILE_COLOURS = {5: COLOURS[1], 50: COLOURS[0], 95: COLOURS[2]}


@dataclass(frozen=True)
class Outcome:
    """An endpoint of the patients of a run, the time at which its risk is shown, and what this risk is of."""

    name: str
    endpoint: Endpoint
    horizon: float
    risk: str


def shown(measure: str, x: Array) -> Array:
    """Return a measure in its unit from the covariate of its slope.

    Parameters
    ----------
    measure
        Name of the measure.
    x
        (k,) covariate, as from :func:`stratomics.pharmacology.exposure_response.covariate_of`.

    Returns
    -------
    numpy.ndarray
        (k,) in the unit of the measure; a share of time between 0 and 1.
    """
    return x * SHARE_STEP if is_share(measure) else np.exp2(x)


def curve_panel(exposure: RunExposure, measure: str, x: Array, outcomes: tuple[Outcome, ...]) -> Panel | None:
    """Draw the risk of each outcome over one measure, with its quarters.

    Parameters
    ----------
    exposure
        Exposure of a run.
    measure
        The measure.
    x
        (n,) covariate of the patients.
    outcomes
        Their outcomes.

    Returns
    -------
    Panel or None
        All outcomes on one grid of exposure; None if no outcome has a curve.
    """
    if np.isnan(x).all():
        return None
    grid = exposure_grid(x)
    curves = [(one, risk_curve(one.endpoint, x, one.horizon, grid)) for one in outcomes]
    drawn = [(one, curve) for one, curve in curves if curve is not None]
    if not drawn:
        return None
    target = exposure.target.get(measure)
    figure = _grid_figure(len(drawn))
    label = f"{_capital(measure_name(measure))}{_in_unit(unit_of(exposure, measure))}"
    rows = -(-len(drawn) // SIDE_BY_SIDE)
    for place, (one, curve) in enumerate(drawn):
        axes = figure.add_subplot(rows, min(SIDE_BY_SIDE, len(drawn)), place + 1)
        _draw_curve(axes, measure, x, one, curve)
        if target is not None:
            axes.axvspan(*target, color=GREY, alpha=0.2, linewidth=0, zorder=0)
        axes.set_xlabel(label)
    wanted = "" if target is None else f" The grey band is the target, {target_text(exposure, measure)}."
    sentence = (
        f"{_findings(x, drawn)} Lines are from a Cox or logistic regression on the posterior mean, bands are pointwise "
        "95% intervals; points are estimates in quarters of exposure. Association, not effect."
        f"{wanted}"
    )
    return Panel(
        "exposure-curves", "Outcome over exposure", figure, sentence, _curve_table(exposure, measure, drawn)
    )


def _findings(x: Array, drawn: Sequence[tuple[Outcome, RiskCurve]]) -> str:
    texts = []
    for one, _ in drawn:
        slope = slope_of(one.endpoint, x)
        _, low, high = slope.ratio
        word = "higher" if low > 1 else "lower" if high < 1 else "not clearly different"
        kind = "hazard" if isinstance(one.endpoint, Survival) else "odds"
        texts.append(f"{one.name} {word} at higher exposure, {kind} ratio {ratio_text(slope)}")
    return f"Risk per doubling of exposure: {'; '.join(texts)}."


def _grid_figure(count: int) -> Figure:
    rows = -(-count // SIDE_BY_SIDE)
    return new_figure(NARROW if count == 1 else WIDE, 3.3 * rows)


def _draw_curve(axes: Axes, measure: str, x: Array, one: Outcome, curve: RiskCurve) -> None:
    at = shown(measure, curve.x)
    axes.fill_between(at, curve.low, curve.high, color=COLOURS[0], alpha=0.15, linewidth=0)
    axes.plot(at, curve.risk, color=COLOURS[0])
    quarters = outcome_quarters(one.endpoint, x, one.horizon)
    middle, risk, low, high = np.array([(q.median, q.risk, q.low, q.high) for q in quarters]).T
    apart = np.clip([risk - low, high - risk], 0, None)
    at = shown(measure, middle)
    axes.errorbar(at, risk, yerr=apart, fmt="o", color=INK, markersize=4, linewidth=1)
    axes.set_title(_capital(one.risk), loc="left")
    axes.set_ylim(0.0, 1.0)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    if not is_share(measure):
        _log_axis(axes, *shown(measure, curve.x[[0, -1]]).tolist())


def _log_axis(axes: Axes, low: float, high: float) -> None:
    """Logarithmic x axis with ticks at 1, 2 and 5 times powers of ten."""
    axes.set_xscale("log")
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks = [step * 10.0**power for power in powers for step in STEPS]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _curve_table(
    exposure: RunExposure, measure: str, drawn: Sequence[tuple[Outcome, RiskCurve]]
) -> pd.DataFrame:
    unit = _in_unit(unit_of(exposure, measure))
    parts = [
        pd.DataFrame(
            {
                "outcome": one.risk,
                f"{measure}{unit}": shown(measure, curve.x),
                "risk": curve.risk,
                "low": curve.low,
                "high": curve.high,
            }
        )
        for one, curve in drawn
    ]
    return pd.concat(parts, ignore_index=True)


def levels_panel(exposure: RunExposure, fit: GoodnessOfFit) -> Panel:
    """Draw levels against the predictions of the population and of each patient.

    Parameters
    ----------
    exposure
        Exposure of a run.
    fit
        Its goodness of fit.

    Returns
    -------
    Panel
    """
    figure = new_figure(WIDE, 3.6)
    names = {
        "population": "Expected from dose and covariates",
        "individual": "Individual prediction",
    }
    positive = fit.levels[["observed", *names]].to_numpy()
    positive = positive[positive > 0]
    ends = [float(positive.min()), float(positive.max())] if len(positive) else [0.1, 1.0]
    for place, (name, label) in enumerate(names.items()):
        axes = figure.add_subplot(1, 2, place + 1)
        axes.plot(ends, ends, color=GREY, linewidth=0.8)
        axes.plot(fit.levels[name], fit.levels["observed"], "o", color=COLOURS[0], markersize=2.5, alpha=0.5)
        _log_axis(axes, *ends)
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(axes.xaxis.get_major_locator())
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_xlabel(f"{label} ({exposure.level_unit})")
        axes.set_ylabel(f"Level ({exposure.level_unit})")
    residuals = fit.residuals
    sentence = (
        f"{residuals.levels} levels. Conditional weighted residuals have mean {residuals.mean:.2f} and standard "
        f"deviation {residuals.sd:.2f} (0 and 1 expected); {residuals.outside:.1%} are beyond 1.96 (5% expected)."
    )
    return Panel("exposure-levels", "Levels against predictions", figure, sentence, fit.levels)


def check_panel(exposure: RunExposure, fit: GoodnessOfFit) -> Panel:
    """Draw the visual predictive check.

    Parameters
    ----------
    exposure
        Exposure of a run.
    fit
        Its goodness of fit.

    Returns
    -------
    Panel
    """
    check = fit.check
    figure = new_figure(NARROW, 3.8)
    axes = figure.add_subplot()
    at = check["middle"].to_numpy()
    outside = 0
    for percentile, colour in PERCENTILE_COLOURS.items():
        low, high = check[f"simulated_{percentile}_low"], check[f"simulated_{percentile}_high"]
        observed = check[f"observed_{percentile}"]
        axes.vlines(at, low, high, color=colour, alpha=0.3, linewidth=8)
        axes.plot(at, observed, "o-", color=colour, markersize=4, linewidth=1, label=f"{percentile}%")
        outside += int(((observed < low) | (observed > high)).sum())
    axes.set_xlabel(f"Time since the first dose ({exposure.time_unit})")
    axes.set_ylabel(f"Level ({exposure.level_unit})")
    axes.set_ylim(bottom=0)
    axes.margins(x=0.1)
    axes.legend(ncols=3, loc="lower left", bbox_to_anchor=(0.0, 1.0))
    total = len(PERCENTILE_COLOURS) * len(check)
    sentence = (
        f"Points are percentiles of the levels, bars the 95% intervals of the same percentiles in 200 simulated data "
        f"sets with the same doses and covariates. {outside} of {total} percentiles are outside their interval."
    )
    return Panel("exposure-check", "Visual predictive check", figure, sentence, check)


def _in_unit(unit: str) -> str:
    return f" ({unit})" if unit else ""


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
