"""Recalibration of a fixed model in another cohort, and how many patients it takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.seeds import named_generator
from stratomics.evaluation.cases import Cases, SurvivalCases
from stratomics.evaluation.intervals import Estimate
from stratomics.evaluation.metrics.survival_calibration import log_cumulative_hazard
from stratomics.transportability.levels import wald
from stratomics.transportability.offset_regression import Family, offset_regression, predicted_logit

__all__ = ["Recalibration", "RecalibrationData", "RecalibrationStep", "recalibrate", "recalibration_data"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

SIZES = (25, 50, 100, 200, 400, 800)
LARGEST_SHARE = 0.7
"""Largest share of the patients from which the correction is learned; the others test it."""
REPEATS = 100
PRECISION = 0.1
"""Half width of the 95% interval that the numbers of patients are computed for: of log O/E, and of the slope."""
SMALLEST_HAZARD = 1e-7


@dataclass(frozen=True)
class RecalibrationData:
    """What recalibration needs of n patients, on the scale of one likelihood.

    Attributes
    ----------
    linear
        (n,) log cumulative hazard at the horizon, or logit.
    exposure
        (n,) log cumulative hazard at the patient's own time; the logit for a response.
    outcome
        (n,) whether the event occurred, or the response is positive.
    family
        ``poisson`` for survival, ``binomial`` for a response.
    """

    linear: Array
    exposure: Array
    outcome: Flags
    family: Family

    def take(self, rows: NDArray[np.int64]) -> RecalibrationData:
        """Select patients by position."""
        return RecalibrationData(self.linear[rows], self.exposure[rows], self.outcome[rows], self.family)

    def level(self) -> Array | None:
        """Fit the intercept with a slope of 1; (2,) intercept and slope."""
        fitted = offset_regression(np.empty((len(self.linear), 0)), self.outcome, self.exposure, self.family)
        return None if fitted is None else np.array([fitted.coefficients[0], 1.0])

    def both(self) -> Array | None:
        """Fit intercept and slope; (2,)."""
        fitted = offset_regression(
            self.linear[:, None], self.outcome, self.exposure - self.linear, self.family
        )
        return None if fitted is None else fitted.coefficients

    def loss(self, correction: Array) -> float:
        """Mean negative log likelihood per patient of a correction (2,): intercept and slope."""
        eta = self.exposure + correction[0] + (correction[1] - 1.0) * self.linear
        if self.family == "poisson":
            return float((np.exp(np.minimum(eta, 30.0)) - self.outcome * eta).mean())
        return float(np.logaddexp(0.0, np.where(self.outcome, -eta, eta)).mean())


@dataclass(frozen=True)
class RecalibrationStep:
    """Mean loss in patients outside the subset from which the correction was learned.

    Attributes
    ----------
    patients
        Size of the subsets.
    unchanged, level, both
        Mean loss without correction, with a new intercept, and with a new intercept and slope; negative log likelihood
        per patient.
    """

    patients: int
    unchanged: float
    level: float
    both: float


@dataclass(frozen=True)
class Recalibration:
    """Intercept and slope in another cohort.

    Attributes
    ----------
    level
        Intercept with slope 1: log of observed over expected events by counts, or log odds.
    intercept, slope
        Both estimated together.
    patients_for_level, patients_for_slope
        Patients like these that are needed for a 95% interval of `level`, or of `slope`, of 0.1 to either side.
    steps
        Loss by the number of patients that recalibration learns from.
    enough_level, enough_both
        Smallest size of `steps` from which on recalibration improves the loss; None if it does at no size.
    without_hazard
        Patients with a predicted hazard of 0, who are left out.
    """

    level: Estimate
    intercept: Estimate
    slope: Estimate
    patients_for_level: int
    patients_for_slope: int
    steps: tuple[RecalibrationStep, ...]
    enough_level: int | None
    enough_both: int | None
    without_hazard: int = 0


def recalibration_data(cases: Cases) -> RecalibrationData:
    """Take linear predictors and outcomes from cases of a fixed model, which predicts each patient once.

    Parameters
    ----------
    cases
        n patients.

    Returns
    -------
    RecalibrationData
        Patients with a predicted cumulative hazard of 0 are left out, as they have no log hazard.
    """
    if not isinstance(cases, SurvivalCases):
        x = predicted_logit(cases.probability[0])
        return RecalibrationData(x, x, cases.positive, "binomial")
    hazard = -np.log(np.clip(cases.survival_at_observed_time[0], SMALLEST_HAZARD, 1.0))
    rows = np.flatnonzero(hazard > 0)
    linear = log_cumulative_hazard(cases)[0]
    return RecalibrationData(linear[rows], np.log(hazard[rows]), cases.event[rows], "poisson")


def recalibrate(data: RecalibrationData, patients: int, seed: int) -> Recalibration | None:
    """Estimate intercept and slope, and learn from how many patients a correction improves predictions.

    Poisson regression for survival (Crowson et al. 2016, doi 10.1177/0962280213497434), logistic regression for a
    response (Cox 1958, doi 10.1093/biomet/45.3-4.562).

    Parameters
    ----------
    data
        Patients of the other cohort.
    patients
        Number of patients, with those whom :func:`recalibration_data` leaves out.
    seed
        Seed of the subsets.

    Returns
    -------
    Recalibration or None
        None if intercept or slope cannot be estimated.
    """
    n = len(data.linear)
    one = offset_regression(np.empty((n, 0)), data.outcome, data.exposure, data.family)
    two = offset_regression(data.linear[:, None], data.outcome, data.exposure - data.linear, data.family)
    if one is None or two is None:
        return None
    steps = tuple(_steps(data, seed))
    return Recalibration(
        wald(float(one.coefficients[0]), float(one.se[0])),
        wald(float(two.coefficients[0]), float(two.se[0])),
        wald(float(two.coefficients[1]), float(two.se[1])),
        _needed(n, float(one.se[0])),
        _needed(n, float(two.se[1])),
        steps,
        _enough(steps, "level"),
        _enough(steps, "both"),
        patients - n,
    )


def _needed(n: int, se: float) -> int:
    """Patients at which 1.96 standard errors are 0.1: variances fall with 1 / n."""
    return int(np.ceil(n * (1.96 * se / PRECISION) ** 2))


def _steps(data: RecalibrationData, seed: int) -> list[RecalibrationStep]:
    generator, n = named_generator(seed, "recalibration"), len(data.linear)
    steps = []
    for size in (size for size in SIZES if size <= LARGEST_SHARE * n):
        losses = []
        for _ in range(REPEATS):
            order = generator.permutation(n)
            learned, tested = data.take(order[:size]), data.take(order[size:])
            unchanged = np.array([0.0, 1.0])
            # A subset that gives no estimate leaves the model as it is.
            corrections = [unchanged, learned.level(), learned.both()]
            losses.append([tested.loss(unchanged if c is None else c) for c in corrections])
        steps.append(RecalibrationStep(size, *map(float, np.mean(losses, axis=0))))
    return steps


def _enough(steps: tuple[RecalibrationStep, ...], kind: str) -> int | None:
    """Smallest size from which on the corrected loss is below that of the unchanged model."""
    size = None
    for step in reversed(steps):
        if not getattr(step, kind) < step.unchanged:
            break
        size = step.patients
    return size
