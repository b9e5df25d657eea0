"""Names of measures of exposure with their units, and what an association with exposure means."""

from __future__ import annotations

import math
import re

from stratomics.pharmacology.exposure_response import LARGE_SHRINKAGE, Slope
from stratomics.pharmacology.run_exposure import RunExposure

__all__ = [
    "CAUTION",
    "is_share",
    "measure_name",
    "ratio_text",
    "shrinkage_sentence",
    "target_text",
    "unit_of",
    "window_text",
]


CAUTION = (
    "These are associations of measured exposure, and not effects of it. Clearance depends on the disease: sicker "
    "patients often clear a drug faster, so that a low exposure marks a poor prognosis. In simulated trials without "
    "any effect of exposure the Cox coefficient of log AUC was -0.50, and -1.36 after adjustment for the dose. Only a "
    "dose that was assigned at random separates the two."
)

KINDS = {
    "auc24": "AUC over a day",
    "cmin": "trough level",
    "cmax": "peak level",
    "cavg": "average level",
}
WHEN = {"first": "after the first dose", "ss": "at steady state"}
ABOVE = re.compile(r"t_above_(\d+(?:\.\d+)?)_(ss|first)")
SHORT = {"hours": "h", "days": "d"}


def is_share(measure: str) -> bool:
    """Whether a measure is a share of time, whose logarithm is not taken."""
    return ABOVE.fullmatch(measure) is not None


def measure_name(measure: str) -> str:
    """Name a measure of exposure.

    Examples
    --------
    >>> measure_name("auc24_ss"), measure_name("t_above_4_first")
    ('AUC over a day at steady state', 'share of time above 4 after the first dose')
    """
    above = ABOVE.fullmatch(measure)
    if above:
        return f"share of time above {above[1]} {WHEN[above[2]]}"
    kind, when = measure.rsplit("_", 1)
    return f"{KINDS[kind]} {WHEN[when]}"


def unit_of(exposure: RunExposure, measure: str) -> str:
    """Return the unit of a measure.

    Parameters
    ----------
    exposure
        Exposure of a run.
    measure
        One of its measures.

    Returns
    -------
    str
        Empty for a share of time.
    """
    if is_share(measure):
        return ""
    area = f" x {SHORT[exposure.time_unit]}" if measure.startswith("auc") else ""
    return f"{exposure.level_unit}{area}"


def target_text(exposure: RunExposure, measure: str) -> str:
    """Write the wanted range of a measure with its unit.

    Parameters
    ----------
    exposure
        Exposure of a run with targets.
    measure
        A measure with a target.

    Returns
    -------
    str
        Such as ``400 to 600 mg/L x h``.
    """
    low, high = exposure.target[measure]
    if is_share(measure):
        return f"{low:.0%} to {high:.0%} of the time"
    return f"{low:g} to {high:g} {unit_of(exposure, measure)}"


def window_text(exposure: RunExposure) -> str:
    """State which doses and levels count."""
    if exposure.window == "first_cycle":
        return "up to the end of the first dosing interval"
    if exposure.window == "all":
        return "of the whole table of events"
    return f"up to {exposure.window:g} {exposure.time_unit}"


def ratio_text(slope: Slope | None) -> str:
    """Write a ratio with its 95% interval.

    Examples
    --------
    >>> ratio_text(Slope(0.0, 0.1, 100, 50)), ratio_text(None)
    ('1.00 (0.82 to 1.22)', 'not available')
    """
    if slope is None or math.isnan(slope.log_ratio):
        return "not available"
    estimate, low, high = slope.ratio
    return f"{estimate:.2f} ({low:.2f} to {high:.2f})"


def shrinkage_sentence(exposure: RunExposure) -> str:
    """Warn of parameters about which the levels say little."""
    large = [f"{name} {value:.0%}" for name, value in exposure.shrinkage.items() if value > LARGE_SHRINKAGE]
    if not large:
        return f"Shrinkage of all parameters is at most {LARGE_SHRINKAGE:.0%}."
    return (
        f"Shrinkage is above {LARGE_SHRINKAGE:.0%} for {', '.join(large)}: the levels say little about these "
        "parameters, and estimates of single patients are close to what the model expects from dose and covariates. "
        "Slopes rest on posterior means, so that they are hardly flattened by it, but they are less precise."
    )
