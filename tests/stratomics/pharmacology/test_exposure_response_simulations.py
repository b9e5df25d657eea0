"""Simulated trials of two randomised doses: slopes of exposure, and what a confounded clearance does to them.

Clearance is lognormal between patients. Its logarithm is measured once with a normal error, so that the posterior of
log AUC is known exactly; half of the variance of log clearance remains unknown, as with one level of vancomycin.
``--log-cli-level=INFO`` shows the figures.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from claims import Z, at_least, at_most, repetitions
from numpy.typing import NDArray

from omics.cohort.endpoints import Response, Survival
from stratomics.pharmacology.exposure_response import Slope, dose_contrasts, slope_of

log = logging.getLogger(__name__)

Array = NDArray[np.float64]

PATIENTS = 300
VARIANCE = 0.147
"""Of log clearance between patients (vancomycin, Goti 2018)."""
HAZARD, LOGIT = -0.7, 1.0
"""True slopes per unit of log AUC."""
OF_DISEASE, ON_HAZARD = 0.3, 0.8
"""Change of log clearance, and of the log hazard, per standard deviation of the severity of the disease."""


@dataclass(frozen=True)
class Trial:
    """Posterior mean of the log2 AUC, log2 dose, arm, and outcomes of one simulated trial."""

    x: Array
    dose: Array
    arm: NDArray[np.object_]
    survival: Survival
    response: Response

    def slopes(self) -> dict[str, Slope]:
        return {
            "survival": slope_of(self.survival, self.x),
            "survival, adjusted": slope_of(self.survival, self.x, self.dose),
            "response": slope_of(self.response, self.x),
            "contrast": dose_contrasts(self.survival, self.arm, self.dose, "low")[0].slope,
        }


def trial(rng: np.random.Generator, hazard: float, logit: float, severity: float) -> Trial:
    """Draw a trial; `severity` scales how strongly the disease changes clearance."""
    disease = rng.normal(size=PATIENTS)
    own = rng.normal(0.0, np.sqrt(VARIANCE - (OF_DISEASE * severity) ** 2), PATIENTS)
    clearance = OF_DISEASE * severity * disease + own
    measured = clearance + rng.normal(0.0, np.sqrt(VARIANCE), PATIENTS)
    high = rng.random(PATIENTS) < 0.5
    log_dose = np.where(high, np.log(2.0), 0.0)
    log_auc, mean = log_dose - clearance, log_dose - measured / 2
    linear = hazard * log_auc + ON_HAZARD * severity * disease
    time, lost = rng.exponential(np.exp(-linear)), rng.uniform(0.3, 3.0, PATIENTS)
    seen = np.ones(PATIENTS, dtype=bool)
    chance = 1 / (1 + np.exp(0.5 - logit * log_auc))
    return Trial(
        mean / np.log(2.0),
        log_dose / np.log(2.0),
        np.where(high, "high", "low").astype(object),
        Survival(np.minimum(time, lost), time <= lost, seen),
        Response(rng.random(PATIENTS) < chance, seen),
    )


def results(count: int, seed: int, draw: Callable[[np.random.Generator], Trial]) -> dict[str, list[Slope]]:
    """Slopes of all repetitions."""
    rng = np.random.default_rng(seed)
    rows = [draw(rng).slopes() for _ in range(count)]
    return {name: [row[name] for row in rows] for name in rows[0]}


def report(name: str, slopes: list[Slope], truth: float) -> tuple[float, float, int]:
    """Mean, its Monte Carlo standard error, and how many intervals cover the truth; logged."""
    values = np.array([slope.log_ratio for slope in slopes])
    covered = sum(slope.covers(truth) for slope in slopes)
    error = float(values.std(ddof=1) / np.sqrt(len(values)))
    share = covered / len(slopes)
    spread = np.sqrt(share * (1 - share) / len(slopes))
    values_text = f"mean {values.mean():.4f} (SE {error:.4f})"
    log.info("%s: truth %.4f, %s, covers %.4f (SE %.4f)", name, truth, values_text, share, spread)
    return float(values.mean()), error, covered


@repetitions(60, 4000, quick=True)
def test_slopes_of_exposure_are_nearly_unbiased_and_cover(repetitions: int) -> None:
    found = results(repetitions, 1, lambda rng: trial(rng, HAZARD, LOGIT, 0.0))
    doubling = np.log(2.0)
    truths = {"survival": HAZARD, "survival, adjusted": HAZARD, "response": LOGIT}
    for name, truth in truths.items():
        mean, error, covered = report(name, found[name], truth * doubling)
        assert abs(mean - truth * doubling) < 0.1 * abs(truth) * doubling + Z * error
        assert at_least(0.92, repetitions, 6) <= covered <= at_most(0.97, repetitions, 6)


@repetitions(60, 4000, quick=True)
def test_without_an_effect_the_slopes_are_0(repetitions: int) -> None:
    found = results(repetitions, 2, lambda rng: trial(rng, 0.0, 0.0, 0.0))
    for name, slopes in found.items():
        mean, error, covered = report(name, slopes, 0.0)
        assert abs(mean) < Z * error
        assert at_least(0.92, repetitions, 8) <= covered <= at_most(0.97, repetitions, 8)


@repetitions(60, 4000, quick=True)
def test_only_the_randomised_contrast_is_valid_where_clearance_depends_on_the_disease(
    repetitions: int,
) -> None:
    """No effect of exposure: its slope is far from 0 all the same, also after adjustment for the dose."""
    found = results(repetitions, 3, lambda rng: trial(rng, 0.0, 0.0, 1.0))
    for name in ("survival", "survival, adjusted"):
        mean, error, covered = report(name, found[name], 0.0)
        assert mean < -0.3
        assert covered < repetitions / 4
    mean, error, covered = report("contrast", found["contrast"], 0.0)
    assert abs(mean) < Z * error
    assert at_least(0.93, repetitions, 2) <= covered <= at_most(0.97, repetitions, 2)
