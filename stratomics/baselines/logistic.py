"""Logistic regression on clinical covariates, and logistic regression with an elastic net on all features."""

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
    SelectColumns,
    all_features,
    clinical_covariates,
    inner_training_rows,
)

if TYPE_CHECKING:
    from models.prediction import Prediction
    from stratomics.fitting.training_part import NewPatients, TrainingPart

__all__ = ["LogisticBaseline", "fit_clinical_logistic", "fit_elastic_net_logistic"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LogisticBaseline:
    """A logistic regression on some columns of the harmonized patients.

    Attributes
    ----------
    endpoint
        Name of the response.
    columns
        Selects the columns.
    coefficients
        One per column.
    intercept
        Log odds at 0.
    """

    endpoint: str
    columns: SelectColumns
    coefficients: Array
    intercept: float

    def predict(self, new: NewPatients) -> Prediction:
        """Predict new patients."""
        from models.prediction import Prediction

        probability = expit(self.columns(new.batch) @ self.coefficients + self.intercept)
        return Prediction.of_response(new.sample_ids, self.endpoint, probability)


def fit_clinical_logistic(part: TrainingPart) -> LogisticBaseline:
    """Fit a logistic regression on the clinical covariates; without covariates it predicts the prevalence."""
    from models.linear.logistic_net import logistic_net

    return _fit(part, clinical_covariates, lambda x, positive: logistic_net(x, positive, CLINICAL_RIDGE, 0.0))


def fit_elastic_net_logistic(part: TrainingPart) -> LogisticBaseline:
    """Fit an elastic net on all features; cross-validated deviance selects the penalty."""
    folds = inner_training_rows(part)
    return _fit(part, all_features, lambda x, positive: _cross_validated(x, positive, folds))


def _fit(
    part: TrainingPart,
    columns: SelectColumns,
    solve: Callable[[Array, NDArray[np.bool_]], tuple[Array, float]],
) -> LogisticBaseline:
    response = part.endpoint
    assert isinstance(response, Response)
    rows = np.flatnonzero(response.observed)
    coefficients, intercept = solve(columns(part.batch)[rows], response.positive[rows])
    return LogisticBaseline(part.name, columns, coefficients, intercept)


def _cross_validated(
    x: Array, positive: NDArray[np.bool_], folds: list[NDArray[np.int64]]
) -> tuple[Array, float]:
    """Coefficients and intercept at the penalty with the least deviance on held-out patients."""
    from models.linear.elastic_net import elastic_net_path, largest_penalty
    from models.linear.logistic_net import LogisticLikelihood

    whole = LogisticLikelihood(positive)
    penalties = largest_penalty(x, whole, L1_RATIO) * PENALTIES
    deviance = np.zeros(len(penalties))
    for rows in folds:
        part, held_out = LogisticLikelihood(positive[rows]), np.setdiff1d(np.arange(len(x)), rows)
        for index, b in enumerate(elastic_net_path(x[rows], part, penalties, L1_RATIO)):
            logit = x[held_out] @ b + part.intercept(x[rows] @ b)
            deviance[index] += np.logaddexp(0.0, -whole.sign[held_out] * logit).sum()
    best = int(deviance.argmin())
    coefficients: Array = elastic_net_path(x, whole, penalties[: best + 1], L1_RATIO)[-1]
    return coefficients, whole.intercept(x @ coefficients)
