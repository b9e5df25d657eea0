"""Treatment interaction: whether predicted relative treatment effects agree with observed ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from models.lazy_tables import table_parts
from models.linear.group_ridge import likelihood_of, ridge
from models.prediction import Prediction
from omics.cohort.endpoints import Response, Survival
from omics.common.errors import DataError

__all__ = ["Interaction", "interaction", "relative_effects"]

Array = NDArray[np.float64]

PENALTY = 1e-6
"""Penalty that keeps coefficients finite if all patients have the same prediction."""

SMALLEST = 1e-6
"""Probabilities are clipped to this distance from 0 and 1; effects with a smaller spread are constant."""

KEYS = ["sample_id", "repeat", "fold"]


@dataclass(frozen=True)
class Interaction:
    """Agreement of predicted relative effects with outcomes, in out-of-fold predictions.

    Attributes
    ----------
    slope
        Slope of the observed log hazard ratio, or log odds ratio, on the predicted one: 1 if predictions are
        calibrated, 0 if they are uninformative.
    se
        Standard error of the slope.
    p
        One-sided p value of a slope of 0. Only a small p is evidence that the relative effect differs between patients;
        an absolute benefit differs whenever the prognosis does (Rothwell 2005, doi 10.1016/S0140-6736(05)17709-5).
    n
        Number of patients in the two arms.
    """

    slope: float
    se: float
    p: float
    n: int


def relative_effects(prediction: Prediction, at: float | None, response: str | None = None) -> pd.DataFrame:
    """Predicted log hazard ratios or log odds ratios of treated to control.

    Parameters
    ----------
    prediction
        Predictions under both arms.
    at
        Time at which cumulative hazards are compared; None for a response.
    response
        Name of the response; the first one by default.

    Returns
    -------
    pandas.DataFrame
        ``sample_id``, ``repeat``, ``fold``, ``relative``, and ``prognosis``: the mean of both arms, on the same scale.

    Raises
    ------
    DataError
        If the predictions have no arms.
    """
    pieces = table_parts(prediction.long, "response" if at is None else "survival")
    effects = pd.concat([_relative(read(), at, response) for read in pieces])
    return effects.sort_values(KEYS, ignore_index=True)


def _relative(table: pd.DataFrame, at: float | None, response: str | None) -> pd.DataFrame:
    if "arm" not in table:
        raise DataError("these predictions have no arms, so that there is no treatment effect")
    if at is not None:
        table = table if "cause" not in table else table[table["cause"] == 1]
        last = table[table["time"] <= at].groupby([*KEYS, "arm"], sort=True)["survival"].last()
        risk = np.log(-np.log(last.clip(SMALLEST, 1.0 - SMALLEST)))
    else:
        endpoint = response or table["endpoint"].iloc[0]
        positive = table[(table["endpoint"] == endpoint) & (table["class"] == "positive")]
        share = positive.set_index([*KEYS, "arm"])["probability"].clip(SMALLEST, 1.0 - SMALLEST)
        risk = np.log(share / (1.0 - share))
    wide = risk.unstack("arm")
    # The risk under the observed arm is not the prognosis, because it includes the effect.
    mean = (wide["treated"] + wide["control"]) / 2.0
    return pd.DataFrame({"relative": wide["treated"] - wide["control"], "prognosis": mean}).reset_index()


def interaction(
    endpoint: Survival | Response, arm: Array, relative: Array, prognosis: Array, fold: NDArray[np.int64]
) -> Interaction:
    """Test the interaction of the treatment with its predicted relative effect.

    The outcome is regressed on the arm, the prognosis, the predicted relative effect, and the product of arm and
    predicted relative effect.

    Parameters
    ----------
    endpoint
        Endpoint of n patients.
    arm
        (n,) as from :func:`omics.cohort.arms.arm_codes`; patients in neither arm are left out.
    relative, prognosis
        (n,) out-of-fold predictions: log ratio of treated to control, and mean log hazard or log odds of both arms.
    fold
        (n,) number of the fold in which the patient was predicted; predictions are centred within fold.

    Returns
    -------
    Interaction
        Slope of the product; 0 with infinite standard error if the predicted effect is constant.
    """
    rows = np.flatnonzero(endpoint.observed & (arm != 0))
    codes = arm[rows]
    effect, risk = (
        _center_within_folds(relative[rows], fold[rows]),
        _center_within_folds(prognosis[rows], fold[rows]),
    )
    spread = float(effect.std())
    if spread < SMALLEST:
        return Interaction(0.0, np.inf, 0.5, len(rows))
    x = np.column_stack([codes * effect / spread, codes, risk, effect / spread])
    coefficients, hessian = ridge(x, np.full(4, PENALTY), likelihood_of(endpoint.take(rows)))
    se = float(np.sqrt(np.linalg.inv(hessian)[0, 0]))
    z = float(coefficients[0]) / se
    return Interaction(float(coefficients[0]) / spread, se / spread, float(norm.sf(z)), len(rows))


def _center_within_folds(values: Array, fold: NDArray[np.int64]) -> Array:
    centered = values.astype(np.float64).copy()
    for number in np.unique(fold):
        centered[fold == number] -= centered[fold == number].mean()
    return centered
