"""Whether what was predicted of a treatment differs between patients, on the relative scale."""

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

HAIR = 1e-6
"""Penalty that keeps a coefficient finite where everybody is predicted alike."""

SURE = 1e-6

KEYS = ["sample_id", "repeat", "fold"]


@dataclass(frozen=True)
class Interaction:
    """How far predicted relative effects are borne out, in patients whom the models never saw.

    Attributes
    ----------
    slope
        Of the observed log hazard ratio, or log odds ratio, on the predicted one: 1 is what was promised, 0 nothing.
    se
        Standard error.
    p
        One-sided, of no slope at all. Only a small one lets the effect be called different between patients;
        an absolute benefit differs wherever the prognosis does (Rothwell 2005, doi 10.1016/S0140-6736(05)17709-5).
    n
        Patients of the two arms.
    """

    slope: float
    se: float
    p: float
    n: int


def relative_effects(prediction: Prediction, at: float | None, response: str | None = None) -> pd.DataFrame:
    """Predicted log hazard ratio or log odds ratio, treated to control, of a cohort with arms.

    Parameters
    ----------
    prediction
        With predictions under each arm.
    at
        Time at which cumulative hazards are compared; None to a response.
    response
        Name of the response; the first one if left out.

    Returns
    -------
    pandas.DataFrame
        sample_id, repeat, fold, relative, and prognosis: the middle of both arms, on the same scale.

    Raises
    ------
    DataError
        If the predictions know no arms.
    """
    pieces = table_parts(prediction.long, "response" if at is None else "survival")
    found = pd.concat([_relative(read(), at, response) for read in pieces])
    return found.sort_values(KEYS, ignore_index=True)


def _relative(table: pd.DataFrame, at: float | None, response: str | None) -> pd.DataFrame:
    if "arm" not in table:
        raise DataError("these predictions know no arms, so they say nothing of a treatment's effect")
    if at is not None:
        table = table if "cause" not in table else table[table["cause"] == 1]
        last = table[table["time"] <= at].groupby([*KEYS, "arm"], sort=True)["survival"].last()
        risk = np.log(-np.log(last.clip(SURE, 1.0 - SURE)))
    else:
        endpoint = response or table["endpoint"].iloc[0]
        positive = table[(table["endpoint"] == endpoint) & (table["class"] == "positive")]
        share = positive.set_index([*KEYS, "arm"])["probability"].clip(SURE, 1.0 - SURE)
        risk = np.log(share / (1.0 - share))
    wide = risk.unstack("arm")
    # The risk under the arm received would not do for a prognosis: it holds the effect already.
    middle = (wide["treated"] + wide["control"]) / 2.0
    return pd.DataFrame({"relative": wide["treated"] - wide["control"], "prognosis": middle}).reset_index()


def interaction(
    endpoint: Survival | Response, arm: Array, relative: Array, prognosis: Array, fold: NDArray[np.int64]
) -> Interaction:
    """Regress the outcome on the arm, the prognosis, the predicted relative effect, and the effect within the arm.

    Parameters
    ----------
    endpoint
        Of n patients.
    arm
        (n,) as :func:`omics.cohort.arms.arm_codes` gives it; who is in neither arm is left out.
    relative, prognosis
        (n,) predicted log ratio, treated to control, and log hazard or odds in the middle of both arms, from models
        that never saw the patient.
    fold
        (n,) whose models predicted; models of different folds are compared within their fold.
    """
    rows = np.flatnonzero(endpoint.observed & (arm != 0))
    own, said, known = arm[rows], _within(relative[rows], fold[rows]), _within(prognosis[rows], fold[rows])
    spread = float(said.std())
    if spread < SURE:
        return Interaction(0.0, np.inf, 0.5, len(rows))
    x = np.column_stack([own * said / spread, own, known, said / spread])
    coefficients, hessian = ridge(x, np.full(4, HAIR), likelihood_of(endpoint.take(rows)))
    se = float(np.sqrt(np.linalg.inv(hessian)[0, 0]))
    z = float(coefficients[0]) / se
    return Interaction(float(coefficients[0]) / spread, se / spread, float(norm.sf(z)), len(rows))


def _within(values: Array, fold: NDArray[np.int64]) -> Array:
    centred = values.astype(np.float64).copy()
    for number in np.unique(fold):
        centred[fold == number] -= centred[fold == number].mean()
    return centred
