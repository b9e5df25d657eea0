"""Cox regressions that a sceptic would try first: on the clinic alone, and an elastic net on everything."""

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
    Design,
    clinic,
    everything,
    inner_parts,
)

if TYPE_CHECKING:
    from models.prediction import Prediction
    from models.survival.breslow import BreslowBaseline
    from stratomics.fitting.training_part import NewPatients, TrainingPart

__all__ = ["CoxBaseline", "fit_clinical_cox", "fit_elastic_net_cox"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CoxBaseline:
    """A Cox regression on some columns of the harmonized patients."""

    design: Design
    coefficients: Array
    baseline: BreslowBaseline

    def predict(self, new: NewPatients) -> Prediction:
        """Predict new patients."""
        from models.prediction import Prediction

        risk = self.design(new.batch) @ self.coefficients
        return Prediction.of_survival(new.sample_ids, risk, self.baseline.times, self.baseline.survival(risk))


def fit_clinical_cox(part: TrainingPart) -> CoxBaseline:
    """Cox regression on the covariates, ties after Efron; without covariates it is Kaplan-Meier's cousin."""
    from models.linear.cox_net import cox_net

    return _fit(part, clinic, lambda x, event, time: cox_net(x, event, time, CLINICAL_RIDGE, 0.0))


def fit_elastic_net_cox(part: TrainingPart) -> CoxBaseline:
    """Elastic net over everything; the penalty is chosen by cross-validated partial likelihood."""
    parts = inner_parts(part)
    return _fit(part, everything, lambda x, event, time: _cross_validated(x, event, time, parts))


def _fit(
    part: TrainingPart,
    design: Design,
    solve: Callable[[Array, NDArray[np.bool_], Array], Array],
) -> CoxBaseline:
    from models.survival.breslow import BreslowBaseline

    survival = part.endpoint
    assert isinstance(survival, Survival)
    if survival.entry is not None and survival.entry.any():
        raise DataError(
            "patients came late (the endpoint's key `entry`), which the Cox baselines do not know; "
            "go without them: --baselines []"
        )
    rows = np.flatnonzero(survival.observed)
    x, survival = design(part.batch)[rows], survival.take(rows)
    coefficients = solve(x, survival.event, survival.time)
    return CoxBaseline(
        design, coefficients, BreslowBaseline.fit(x @ coefficients, survival.event, survival.time)
    )


def _cross_validated(
    x: Array, event: NDArray[np.bool_], time: Array, parts: list[NDArray[np.int64]]
) -> Array:
    """Coefficients at the best cross-validated likelihood (Verweij and van Houwelingen 1993)."""
    from models.linear.cox_net import CoxLikelihood, cox_net_path, largest_penalty

    penalties = largest_penalty(x, event, time, L1_RATIO) * PENALTIES
    whole, deviance = CoxLikelihood(event, time), np.zeros(len(penalties))
    for rows in parts:
        part = CoxLikelihood(event[rows], time[rows])
        for index, b in enumerate(cox_net_path(x[rows], event[rows], time[rows], penalties, L1_RATIO)):
            deviance[index] += len(time) * whole.loss(x @ b) - len(rows) * part.loss(x[rows] @ b)
    best = int(deviance.argmin())
    coefficients: Array = cox_net_path(x, event, time, penalties[: best + 1], L1_RATIO)[-1]
    return coefficients
