"""Survival probability at a time, its interval, and quantiles of survival, from predicted curves."""

from __future__ import annotations

import logging
from numbers import Real

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.prediction import Prediction
from omics.common.errors import ConfigError

__all__ = ["survival_at", "survival_quantile"]

log = logging.getLogger(__name__)

Array = NDArray[np.float64]

NORMAL_QUANTILE = 1.959964
"""97.5% quantile of the normal distribution, for 95% intervals."""


def survival_at(prediction: Prediction, time: float) -> pd.DataFrame:
    """Predicted survival probability at one time, with an interval.

    Parameters
    ----------
    prediction
        Predictions with survival curves.
    time
        The time, in the unit of the endpoint.

    Returns
    -------
    pandas.DataFrame
        Indexed by sample id: ``survival``, ``low`` and ``high``, averaged over repeats. The 95% interval is
        ``survival ** exp(-+ 1.96 risk_sd)``: the spread of the members of the ensemble on the scale of the log hazard.
        It does not include the difference between a patient and others with the same predictors. Methods without
        members have no ``low`` and ``high``.

    Raises
    ------
    ConfigError
        If `time` is not positive.
    DataError
        If the predictions have no survival endpoint.
    """
    if not isinstance(time, Real) or not time > 0:
        raise ConfigError(f"time is {time!r}; it must be a number above 0, in the unit of the endpoint")
    parts, end = [], 0.0
    for curves in prediction.curves():
        end = max(end, float(curves.survival.times[-1]))
        value = curves.survival(np.array([time], dtype=np.float64))[:, 0]
        parts.append(
            pd.DataFrame({"sample_id": curves.sample_ids, "repeat": curves.repeat, "survival": value})
        )
    if time > end:
        log.warning(
            "no patient was followed beyond %g; the survival at %g is that at the end of the curves",
            end,
            time,
        )
    table = pd.concat(parts, ignore_index=True)
    if "risk_sd" in prediction.patients:
        spread = prediction.patients[["sample_id", "repeat", "risk_sd"]]
        ratio = np.exp(NORMAL_QUANTILE * table.merge(spread, on=["sample_id", "repeat"])["risk_sd"])
        table["low"], table["high"] = table["survival"] ** ratio, table["survival"] ** (1.0 / ratio)
    return _by_patient(table.drop(columns="repeat"), prediction)


def survival_quantile(prediction: Prediction, share: float) -> pd.Series[float]:
    """Time by which a share of the patients with the same predictors has the event.

    Parameters
    ----------
    prediction
        Predictions with survival curves.
    share
        Share with the event, in (0, 1); 0.5 gives the median survival time.

    Returns
    -------
    pandas.Series
        Indexed by sample id: the first time at which the predicted survival, averaged over repeats, is at most
        ``1 - share``; infinite where the curve ends above it.

    Raises
    ------
    ConfigError
        If `share` is not in (0, 1).
    """
    if not isinstance(share, Real) or not 0 < share < 1:
        raise ConfigError(f"share is {share!r}; it must be a number between 0 and 1")
    parts = list(prediction.curves())
    times = np.unique(np.concatenate([part.survival.times for part in parts]))
    rows = [pd.DataFrame(part.survival(times), part.sample_ids) for part in parts]
    mean = pd.concat(rows).groupby(level=0).mean()
    reached = mean.to_numpy() <= 1.0 - share
    first = np.where(reached.any(axis=1), times[reached.argmax(axis=1)], np.inf)
    return pd.Series(first, mean.index, name="time").loc[_order(prediction)]


def _by_patient(table: pd.DataFrame, prediction: Prediction) -> pd.DataFrame:
    return table.groupby("sample_id").mean().loc[_order(prediction)]


def _order(prediction: Prediction) -> pd.Index:
    """Ids of the patients in the order of the predictions, each once."""
    return pd.Index(prediction.patients["sample_id"].unique(), name="sample_id")
