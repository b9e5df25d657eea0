"""The curve of a panel: number of analytes against loss, discrimination and calibration, and how many to take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import InputError
from omics.common.files import JsonObject
from stratomics.evaluation.cases import Cases, ResponseCases
from stratomics.evaluation.comparison import LABELS, MetricEstimates, clinical_baseline
from stratomics.evaluation.intervals import Estimate, percentile_estimate, with_training_variability
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.metrics.null_model import null_cases
from stratomics.evaluation.response_calibration import recalibration
from stratomics.strata.panel.agreement import selection_stability
from stratomics.strata.panel.assay.prices import Prices
from stratomics.strata.panel.nested import FoldScores, cases_of_panel
from stratomics.strata.panel.target import PanelTarget

__all__ = [
    "MEASURES",
    "NULL",
    "SLOPE",
    "CurveLosses",
    "CurvePoint",
    "PanelCurve",
    "assemble_curve",
    "panel_curve",
    "smallest_sufficient",
]

Array = NDArray[np.float64]

NULL = "null"
"""Name of the model that predicts all patients alike."""

NULL_MODELS = {
    "response": "prevalence",
    "survival": "the Kaplan-Meier curve",
    "benefit": "the same effect for all patients",
}
"""Kind of the endpoint -> what predicts all patients alike."""

SLOPE = "calibration_slope"
MEASURES: dict[str, tuple[str, ...]] = {
    "response": ("log_loss", "auroc"),
    "survival": ("ibs", "harrell_c"),
    "benefit": ("effect_deviance",),
}
"""Kind of the endpoint -> metrics of the curve: the loss, and discrimination; the calibration slope is added."""


@dataclass(frozen=True)
class CurvePoint:
    """Panels of one number of analytes.

    Attributes
    ----------
    analytes
        Number of analytes.
    metrics
        Metric -> out-of-fold estimate.
    differences
        Reference (``null``, the clinical covariates, the full model) -> loss of the panel minus that of the reference;
        below 0 the panel is better.
    stability
        Agreement of the analytes that the outer folds selected.
    cost
        Mean cost of the panels of the folds.
    """

    analytes: int
    metrics: MetricEstimates
    differences: Mapping[str, Estimate]
    stability: Estimate
    cost: float


@dataclass(frozen=True)
class PanelCurve:
    """Panels of several sizes beside what everything measured gives.

    Attributes
    ----------
    endpoint, kind
        Name of the endpoint, and its kind; ``benefit`` if panels predict the effect of treatment on it.
    points
        One for each number of analytes, ascending.
    references
        Reference -> its metrics in the same patients and folds.
    smallest_sufficient
        The smallest number whose loss is within one standard error of the lowest.
    reason
        Why no panel is recommended; None if one is.
    target
        What panels are learned from: ``endpoint``, ``benefit`` or ``model``.
    """

    endpoint: str
    kind: str
    points: tuple[CurvePoint, ...]
    references: Mapping[str, MetricEstimates]
    smallest_sufficient: int
    reason: str | None
    target: str = "endpoint"

    @property
    def recommended(self) -> int | None:
        """Number of analytes to take; None if no panel is better than prevalence or the clinical covariates."""
        return self.smallest_sufficient if self.reason is None else None

    def point(self, analytes: int) -> CurvePoint:
        """Return the point of a number of analytes.

        Raises
        ------
        InputError
            If the curve has no such point.
        """
        known = {point.analytes: point for point in self.points}
        if analytes not in known:
            raise InputError(
                f"the curve has no panel of {analytes} analytes; it has {min(known)} to {max(known)}"
            )
        return known[analytes]

    def to_json(self) -> JsonObject:
        """Content for json."""
        return {
            "endpoint": self.endpoint,
            "kind": self.kind,
            "points": [vars(point) for point in self.points],
            "references": self.references,
            "smallest_sufficient": self.smallest_sufficient,
            "reason": self.reason,
            "target": self.target,
        }

    @classmethod
    def from_json(cls, content: JsonObject) -> PanelCurve:
        """Read what :meth:`to_json` returned."""
        points = tuple(CurvePoint(**point) for point in content["points"])
        return cls(**(content | {"points": points}))


def panel_curve(
    scores: Mapping[int, Sequence[FoldScores]],
    target: PanelTarget,
    endpoint: str,
    prices: Prices,
    weight: Array,
    others: Mapping[str, Cases] | None = None,
) -> PanelCurve:
    """Evaluate panels of several sizes, each selected again in every outer fold.

    Parameters
    ----------
    scores
        Number of analytes -> scores of the outer folds.
    target
        The evaluated patients.
    endpoint
        Name of the endpoint.
    prices
        Price of each analyte.
    weight
        (1 + draws, n) bootstrap weights of the patients (:func:`stratomics.evaluation.comparison.resamples`).
    others
        Method -> its predictions of the same patients in the same repeats, such as the full model.

    Returns
    -------
    PanelCurve
        All points, and how many analytes suffice.
    """
    kind = target.outcome.kind
    cases = {number: cases_of_panel(parts, target) for number, parts in scores.items()}
    first = next(iter(cases.values()))
    references = {NULL: null_cases(first), **(others or {})}
    loss = find_metric(MEASURES[kind][0]).function
    evaluations = {
        number: CurveLosses(_metrics(one, kind, weight), loss(one, weight)) for number, one in cases.items()
    }
    of_references = {
        name: CurveLosses(_metrics(one, kind, weight), loss(one, weight)) for name, one in references.items()
    }
    # All patients alike have no slope.
    of_references[NULL].metrics.pop(SLOPE, None)
    return assemble_curve(endpoint, kind, scores, evaluations, of_references, first.fold, prices)


@dataclass(frozen=True)
class CurveLosses:
    """Panels of one size, or a reference, in the evaluated patients.

    Attributes
    ----------
    metrics
        Metric -> out-of-fold estimate.
    losses
        (1 + draws,) loss in all patients, then in each resample.
    """

    metrics: MetricEstimates
    losses: Array


def assemble_curve(
    endpoint: str,
    kind: str,
    scores: Mapping[int, Sequence[FoldScores]],
    panels: Mapping[int, CurveLosses],
    references: Mapping[str, CurveLosses],
    fold: NDArray[np.int64],
    prices: Prices,
) -> PanelCurve:
    """Compare panels with each reference, and recommend one or none.

    Parameters
    ----------
    endpoint, kind
        Name of the endpoint; a key of MEASURES.
    scores
        Number of analytes -> scores of the outer folds.
    panels
        Number of analytes -> its evaluation.
    references
        Reference, ``null`` among them -> its evaluation in the same patients and resamples.
    fold
        (repeats, n) number of the fold of each patient.
    prices
        Price of each analyte.

    Returns
    -------
    PanelCurve
        All points, and how many analytes suffice.
    """
    points = []
    for number in sorted(scores):
        columns = [part.columns for part in scores[number]]
        differences = {
            name: percentile_estimate(with_training_variability(panels[number].losses - one.losses, fold))
            for name, one in references.items()
        }
        points.append(
            CurvePoint(
                number,
                panels[number].metrics,
                differences,
                selection_stability(columns, len(prices.analyte)) if len(columns) > 1 else {"estimate": 1.0},
                float(np.mean([prices.total(one.tolist()) for one in columns])),
            )
        )
    sufficient = smallest_sufficient({number: one.losses for number, one in panels.items()}, fold)
    chosen = next(point for point in points if point.analytes == sufficient)
    metrics = {name: one.metrics for name, one in references.items()}
    return PanelCurve(endpoint, kind, tuple(points), metrics, sufficient, _reason(chosen, kind))


def _metrics(cases: Cases, kind: str, weight: Array) -> MetricEstimates:
    estimates = {}
    for key in MEASURES[kind]:
        metric = find_metric(key)
        values = with_training_variability(metric.function(cases, weight), cases.fold)
        estimates[key] = percentile_estimate(values, metric.limits)
    slope = (
        recalibration(cases, weight)[:, 1]
        if isinstance(cases, ResponseCases)
        else find_metric(SLOPE).function(cases, weight)
    )
    if np.isfinite(slope[0]):
        estimates[SLOPE] = percentile_estimate(with_training_variability(slope, cases.fold))
    return estimates


def smallest_sufficient(losses: Mapping[int, Array], fold: NDArray[np.int64]) -> int:
    """Smallest number of analytes whose loss is within one standard error of the lowest loss.

    The standard error is that of the difference in the same patients.

    Parameters
    ----------
    losses
        Number of analytes -> (1 + draws,) loss in all patients, then in each resample.
    fold
        (repeats, n) number of the fold of each patient.

    Returns
    -------
    int
        A key of `losses`.
    """
    best = min(losses, key=lambda number: losses[number][0])
    for number in sorted(losses):
        difference = with_training_variability(losses[number] - losses[best], fold)
        if difference[0] <= difference[1:].std():
            return number
    return best


def _reason(point: CurvePoint, kind: str) -> str | None:
    """Return why no panel is recommended, or None.

    Its loss must be clearly lower than that of a model that predicts all patients alike, and lower than that of the
    clinical covariates, which cost nothing.
    """
    if not point.differences[NULL]["high"] < 0:
        return f"its loss is not clearly lower than that of {NULL_MODELS[kind]}"
    clinical = clinical_baseline(point.differences)
    if clinical is not None and not point.differences[clinical]["estimate"] < 0:
        return (
            f"its loss is not lower than that of the clinical covariates ({LABELS.get(clinical, clinical)})"
        )
    return None
