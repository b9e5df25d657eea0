"""External validation: a fixed model in the patients of another cohort."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stratomics.evaluation.cases import Cases, SurvivalCases
from stratomics.evaluation.comparison import MetricEstimates
from stratomics.evaluation.coverage_tables import CoverageRow, coverage_rows
from stratomics.evaluation.intervals import Estimate, exact_interval, percentile_estimate
from stratomics.evaluation.metrics import METRICS
from stratomics.evaluation.metrics.curves import CurvePoints, curves_of
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.response_calibration import calibration_in_the_large
from stratomics.evaluation.subgroup_performance import observed_and_expected
from stratomics.transportability.case_mix import expected_discrimination
from stratomics.transportability.levels import calibration_slope, observed_over_expected

__all__ = ["FEWEST_OUTCOMES", "External", "fewest_outcomes", "kind_of", "metrics_of", "share", "validate"]

Array = NDArray[np.float64]

FEWEST_OUTCOMES = 10
"""Events, or patients of the rarer class, below which discrimination and slope are unknown."""
OF_TWO_CLASSES = ("auroc", "auprc")
OF_EVENTS = ("harrell_c", "uno_c", "antolini_c", "time_auc")
BINS = 10


@dataclass(frozen=True)
class External:
    """A fixed model in another cohort.

    Attributes
    ----------
    patients, events
        Patients with the endpoint, and events, or positive responses.
    fewest
        Events, or patients of the rarer class.
    metrics
        Metric -> estimate, with 95% percentile intervals over patients, conditional on the model. Discrimination is
        left out with fewer than 10 events, or patients of the rarer class.
    observed, expected
        Share with the event by the horizon, or with a positive response: Kaplan-Meier estimate or proportion, and mean
        prediction. NaN if no patient is followed to the horizon.
    ratio
        Observed over expected.
    difference
        Observed minus expected share.
    slope
        Calibration slope; None with fewer than 10 events, or patients of the rarer class.
    expected_discrimination
        Discrimination that the case mix lets one expect.
    coverage
        Coverage of response sets or survival bounds, overall and by group.
    abstained
        Share of the patients for whom the model abstains; None if it does not abstain.
    selected
        Share that the locked enrichment rule selects; None without a rule.
    curve
        Predicted and observed probability of the event, or of a positive response: a smooth curve for survival, groups
        of equal size for a response.
    """

    patients: int
    events: int
    fewest: int
    metrics: MetricEstimates
    observed: float
    expected: float
    ratio: Estimate | None
    difference: Estimate | None
    slope: Estimate | None
    expected_discrimination: float
    coverage: list[CoverageRow]
    abstained: Estimate | None
    selected: Estimate | None
    curve: CurvePoints

    @property
    def known(self) -> bool:
        """Whether there are enough events for discrimination and slope."""
        return self.fewest >= FEWEST_OUTCOMES


def validate(
    cases: Cases,
    patients: pd.DataFrame,
    weight: Array,
    abstained: NDArray[np.bool_] | None = None,
    selected: NDArray[np.bool_] | None = None,
) -> External:
    """Evaluate a fixed model in another cohort.

    Parameters
    ----------
    cases
        n patients with the endpoint, predicted once.
    patients
        (n,) rows of :func:`stratomics.runs.patients_table.patients_table` of the same patients.
    weight
        (1 + draws, n) bootstrap weights.
    abstained, selected
        (n,) whether the model abstains, and whether the locked rule selects the patient.

    Returns
    -------
    External
        Every number of the page.
    """
    observed, expected = observed_and_expected(cases, weight)
    fewest = fewest_outcomes(cases)
    event = cases.event if isinstance(cases, SurvivalCases) else cases.positive
    difference = (
        observed - expected if isinstance(cases, SurvivalCases) else calibration_in_the_large(cases, weight)
    )
    return External(
        len(cases),
        int(event.sum()),
        fewest,
        metrics_of(cases, weight, known=fewest >= FEWEST_OUTCOMES),
        float(observed[0]),
        float(expected[0]),
        observed_over_expected(cases, weight),
        percentile_estimate(difference) if np.isfinite(difference).sum() > len(difference) / 2 else None,
        calibration_slope(cases) if fewest >= FEWEST_OUTCOMES else None,
        expected_discrimination(cases),
        coverage_rows(cases, patients),
        share(abstained),
        share(selected),
        _curve(cases),
    )


def kind_of(cases: Cases) -> str:
    """Kind of the endpoint: ``survival`` or ``response``."""
    return "survival" if isinstance(cases, SurvivalCases) else "response"


def fewest_outcomes(cases: Cases) -> int:
    """Count the events, or the patients of the rarer class: what discrimination and slope are estimated from."""
    if isinstance(cases, SurvivalCases):
        return int(cases.event.sum())
    return int(min(cases.positive.sum(), (~cases.positive).sum()))


def metrics_of(cases: Cases, weight: Array, *, known: bool = True) -> MetricEstimates:
    """Compute all metrics of a method that can be computed.

    Parameters
    ----------
    cases
        n patients.
    weight
        (1 + draws, n) weights of the patients: all patients first, then resamples.
    known
        Whether there are enough events for discrimination.

    Returns
    -------
    dict
        Metric -> estimate.
    """
    estimates: MetricEstimates = {}
    for name in METRICS[kind_of(cases)]:
        if not known and name in (*OF_TWO_CLASSES, *OF_EVENTS, "calibration_slope"):
            continue
        metric = find_metric(name)
        values = metric.function(cases, weight if metric.interval else weight[:1])
        if not np.isfinite(values[0]):
            continue
        if metric.interval and np.isfinite(values[1:]).any():
            estimates[name] = percentile_estimate(values, metric.limits)
        else:
            estimates[name] = {"estimate": float(values[0])}
    return estimates


def share(flags: NDArray[np.bool_] | None) -> Estimate | None:
    """Share of patients with a property, with its exact interval.

    Parameters
    ----------
    flags
        (n,) whether a patient has it; None if it was not asked.

    Returns
    -------
    Estimate or None
    """
    if flags is None or not len(flags):
        return None
    low, high = exact_interval(float(flags.sum()), len(flags))
    return {"estimate": float(flags.mean()), "low": low, "high": high}


def _curve(cases: Cases) -> CurvePoints:
    if isinstance(cases, SurvivalCases):
        return curves_of(cases, "survival")["calibration"]
    predicted = cases.probability[0]
    parts = np.array_split(np.argsort(predicted, kind="stable"), min(BINS, max(3, len(cases) // 40)))
    return {
        "x": [float(predicted[part].mean()) for part in parts if len(part)],
        "y": [float(cases.positive[part].mean()) for part in parts if len(part)],
    }
