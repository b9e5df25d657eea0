"""A dose model that is refitted on the training patients of a cohort, by the project's own ridge regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.covariates import CovariateEncoder
from models.linear.group_ridge import group_ridge
from models.linear.squared_error import SquaredError
from omics.common.errors import DataError
from omics.common.seeds import named_generator

__all__ = ["DoseModel", "cross_validated_doses", "fit_dose_model"]

Array = NDArray[np.float64]

NORMAL_QUANTILE = 1.959964
FEWEST = 30
"""Number of training patients from which a dose model is fitted."""


@dataclass(frozen=True)
class DoseModel:
    """Ridge regression of the square root of a dose, as the consortium's equations have it.

    Attributes
    ----------
    encoder
        Means, scales and levels of the covariates, learned from training patients.
    intercept, coefficients
        On the scale of the square root.
    covariance
        (p + 1, p + 1) covariance of the intercept and the coefficients.
    sd
        Standard deviation of the residuals.
    """

    encoder: CovariateEncoder
    intercept: float
    coefficients: Array
    covariance: Array
    sd: float

    @property
    def table(self) -> pd.DataFrame:
        """Coefficients with 95% intervals, per standard deviation of a number and per category."""
        error = NORMAL_QUANTILE * np.sqrt(np.diag(self.covariance))[1:]
        columns = {
            "coefficient": self.coefficients,
            "low": self.coefficients - error,
            "high": self.coefficients + error,
        }
        return pd.DataFrame({"covariate": self.encoder.names, **columns})

    def predict(self, patients: pd.DataFrame) -> pd.DataFrame:
        """Predict the doses of patients.

        Parameters
        ----------
        patients
            One row per patient, with the covariates of training; a missing value counts as the training mean.

        Returns
        -------
        DataFrame
            ``dose``, and ``low`` and ``high`` of a 95% prediction interval.
        """
        x = _encoded(self.encoder, patients)
        full = np.column_stack([np.ones(len(x)), x])
        root = self.intercept + x @ self.coefficients
        width = NORMAL_QUANTILE * np.sqrt(self.sd**2 + np.einsum("np,pq,nq->n", full, self.covariance, full))
        ends = {"dose": root, "low": root - width, "high": root + width}
        # A root below zero is a dose of zero: its square would look like a dose.
        return pd.DataFrame(
            {name: np.maximum(values, 0.0) ** 2 for name, values in ends.items()}, index=patients.index
        )


def fit_dose_model(patients: pd.DataFrame, dose: pd.Series[float], covariates: Sequence[str]) -> DoseModel:
    """Fit a dose model on training patients.

    Parameters
    ----------
    patients
        Training patients, one row each.
    dose
        (n,) stable doses, above 0.
    covariates
        Columns of `patients`: numbers or categories.

    Returns
    -------
    DoseModel
        The fitted model; its penalty is estimated from these patients.

    Raises
    ------
    DataError
        If there are too few patients, or a dose is missing or not positive.
    """
    if len(patients) < FEWEST or not (dose > 0).all():
        raise DataError(
            f"a dose model needs {FEWEST} training patients with a dose above 0, and has {int((dose > 0).sum())} of "
            f"{len(patients)}"
        )
    encoder = CovariateEncoder().fit(patients, covariates)
    x, root = _encoded(encoder, patients), np.sqrt(dose.to_numpy(dtype=np.float64))
    block, sd = np.zeros(x.shape[1], dtype=np.int64), float(root.std())
    # The residuals of one fit give the standard deviation of the next; it changes little after the second.
    for _ in range(3):
        likelihood = SquaredError(root, sd)
        fitted = group_ridge(x, block, likelihood)
        residual = root - x @ fitted.coefficients
        sd = float(residual.std(ddof=min(len(root) - 1, x.shape[1] + 1)))
    intercept = float(residual.mean())
    full = np.column_stack([np.ones(len(x)), x])
    precision = full.T @ full / sd**2 + np.diag([0.0, *fitted.penalties])
    covariance: Array = np.asarray(np.linalg.inv(precision), dtype=np.float64)
    return DoseModel(encoder, intercept, fitted.coefficients, covariance, sd)


def cross_validated_doses(
    patients: pd.DataFrame, dose: pd.Series[float], covariates: Sequence[str], folds: int = 5, seed: int = 0
) -> pd.DataFrame:
    """Predict each patient by a model of the other folds.

    Parameters
    ----------
    patients, dose, covariates
        As for :func:`fit_dose_model`.
    folds
        Number of folds.
    seed
        Seed of their order.

    Returns
    -------
    DataFrame
        As from :meth:`DoseModel.predict`, in the order of `patients`.
    """
    fold = named_generator(seed, "dose_folds").permutation(len(patients)) % folds
    parts = []
    for number in range(folds):
        train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        model = fit_dose_model(patients.iloc[train], dose.iloc[train], covariates)
        parts.append(model.predict(patients.iloc[test]))
    return pd.concat(parts).loc[patients.index]


def _encoded(encoder: CovariateEncoder, patients: pd.DataFrame) -> Array:
    return np.asarray(encoder.transform(patients), dtype=np.float64)
