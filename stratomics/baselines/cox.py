"""Cox regression on clinical covariates, and Cox regression with an elastic net on all features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from omics.cohort.endpoints import Survival
from omics.common.errors import DataError
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
    from models.survival.breslow import BreslowBaseline
    from stratomics.fitting.training_part import NewPatients, TrainingPart

__all__ = ["CoxBaseline", "fit_clinical_cox", "fit_elastic_net_cox"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CoxBaseline:
    """A Cox regression on some columns of the harmonized patients.

    Attributes
    ----------
    columns
        Selects the columns.
    coefficients
        One per column.
    baseline
        Baseline hazard.
    """

    columns: SelectColumns
    coefficients: Array
    baseline: BreslowBaseline

    def predict(self, new: NewPatients) -> Prediction:
        """Predict new patients."""
        from models.prediction import Prediction

        risk = self.columns(new.batch) @ self.coefficients
        return Prediction.of_survival(new.sample_ids, risk, self.baseline.times, self.baseline.survival(risk))


def fit_clinical_cox(part: TrainingPart) -> CoxBaseline:
    """Fit a Cox regression on the clinical covariates, with Efron's treatment of ties.

    Without covariates all patients have the same curve, close to the Kaplan-Meier estimate.
    """
    from models.linear.cox_net import cox_net

    return _fit(
        part, clinical_covariates, lambda x, event, time: cox_net(x, event, time, CLINICAL_RIDGE, 0.0)
    )


def fit_elastic_net_cox(part: TrainingPart) -> CoxBaseline:
    """Fit an elastic net on all features; cross-validated partial likelihood selects the penalty."""
    folds = inner_training_rows(part)
    return _fit(part, all_features, lambda x, event, time: _cross_validated(x, event, time, folds))


def _fit(
    part: TrainingPart,
    columns: SelectColumns,
    solve: Callable[[Array, NDArray[np.bool_], Array], Array],
) -> CoxBaseline:
    from models.survival.breslow import BreslowBaseline

    survival = part.endpoint
    assert isinstance(survival, Survival)
    if survival.entry is not None and survival.entry.any():
        raise DataError(
            "patients have delayed entry (the endpoint's key `entry`), which the Cox baselines do not support; "
            "leave them out: --baselines []"
        )
    rows = np.flatnonzero(survival.observed)
    x, survival = columns(part.batch)[rows], survival.take(rows)
    coefficients = solve(x, survival.event, survival.time)
    return CoxBaseline(
        columns, coefficients, BreslowBaseline.fit(x @ coefficients, survival.event, survival.time)
    )


def _cross_validated(
    x: Array, event: NDArray[np.bool_], time: Array, folds: list[NDArray[np.int64]]
) -> Array:
    """Coefficients at the best cross-validated partial likelihood.

    See Verweij and van Houwelingen 1993, doi 10.1002/sim.4780122407.
    """
    from models.linear.cox_net import CoxLikelihood, cox_net_path, largest_penalty

    penalties = largest_penalty(x, event, time, L1_RATIO) * PENALTIES
    whole, deviance = CoxLikelihood(event, time), np.zeros(len(penalties))
    for rows in folds:
        part = CoxLikelihood(event[rows], time[rows])
        for index, b in enumerate(cox_net_path(x[rows], event[rows], time[rows], penalties, L1_RATIO)):
            deviance[index] += len(time) * whole.loss(x @ b) - len(rows) * part.loss(x[rows] @ b)
    best = int(deviance.argmin())
    coefficients: Array = cox_net_path(x, event, time, penalties[: best + 1], L1_RATIO)[-1]
    return coefficients
