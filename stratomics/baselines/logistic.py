"""Logistic regressions that a sceptic would try first: on the clinic alone, and an elastic net on everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from omics.cohort.endpoints import Response
from stratomics.baselines.design_matrix import (
    CLINICAL_RIDGE,
    L1_RATIO,
    PENALTIES,
    Design,
    clinic,
    everything,
    inner_parts,
)

if TYPE_CHECKING:
    from models.prediction import Prediction
    from stratomics.fitting.training_part import NewPatients, TrainingPart

__all__ = ["LogisticBaseline", "fit_clinical_logistic", "fit_elastic_net_logistic"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LogisticBaseline:
    """A logistic regression of `endpoint` on some columns of the harmonized patients."""

    endpoint: str
    design: Design
    coefficients: Array
    intercept: float

    def predict(self, new: NewPatients) -> Prediction:
        """Predict new patients."""
        from models.prediction import Prediction

        probability = expit(self.design(new.batch) @ self.coefficients + self.intercept)
        return Prediction.of_response(new.sample_ids, self.endpoint, probability)


def fit_clinical_logistic(part: TrainingPart) -> LogisticBaseline:
    """Logistic regression on the covariates; without covariates everybody gets the prevalence."""
    from models.linear.logistic_net import logistic_net

    return _fit(part, clinic, lambda x, positive: logistic_net(x, positive, CLINICAL_RIDGE, 0.0))


def fit_elastic_net_logistic(part: TrainingPart) -> LogisticBaseline:
    """Elastic net over everything; the penalty is chosen by cross-validated deviance."""
    parts = inner_parts(part)
    return _fit(part, everything, lambda x, positive: _cross_validated(x, positive, parts))


def _fit(
    part: TrainingPart,
    design: Design,
    solve: Callable[[Array, NDArray[np.bool_]], tuple[Array, float]],
) -> LogisticBaseline:

    response = part.endpoint
    assert isinstance(response, Response)
    rows = np.flatnonzero(response.observed)
    coefficients, intercept = solve(design(part.batch)[rows], response.positive[rows])
    return LogisticBaseline(part.name, design, coefficients, intercept)


def _cross_validated(
    x: Array, positive: NDArray[np.bool_], parts: list[NDArray[np.int64]]
) -> tuple[Array, float]:
    """Coefficients and intercept at the penalty of the smallest deviance of left-out patients."""
    from models.linear.elastic_net import elastic_net_path, largest_penalty
    from models.linear.logistic_net import LogisticLikelihood

    whole = LogisticLikelihood(positive)
    penalties = largest_penalty(x, whole, L1_RATIO) * PENALTIES
    deviance = np.zeros(len(penalties))
    for rows in parts:
        part, left_out = LogisticLikelihood(positive[rows]), np.setdiff1d(np.arange(len(x)), rows)
        for index, b in enumerate(elastic_net_path(x[rows], part, penalties, L1_RATIO)):
            logit = x[left_out] @ b + part.intercept(x[rows] @ b)
            deviance[index] += np.logaddexp(0.0, -whole.sign[left_out] * logit).sum()
    best = int(deviance.argmin())
    coefficients: Array = elastic_net_path(x, whole, penalties[: best + 1], L1_RATIO)[-1]
    return coefficients, whole.intercept(x @ coefficients)
