"""The range of exposure among the training patients of a model, and what lies outside of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from datamodules.exposure.exposure_view import EXPOSURE_VIEW
from omics.common.errors import DataError, InputError
from stratomics.fitting.exposure_effect import digest_of

if TYPE_CHECKING:
    from datamodules.exposure.published.kinetic_model import KineticModel
    from stratomics.fitting.exposure_effect import ExposureEffect
    from stratomics.fitting.fitted import Fitted

__all__ = ["FARTHEST", "check_measures", "effect_of", "outside", "refuse_far", "training_range"]

FARTHEST = 2.0
"""Exposure above this many times the largest of training, or below the smallest divided by it, is refused."""

ROUNDING = 1e-5
"""Largest difference on the logarithmic scale that comes from rounding to single precision."""


def training_range(model: Fitted) -> pd.DataFrame:
    """Return the range of each measure among the training patients.

    Parameters
    ----------
    model
        A fitted model.

    Returns
    -------
    pandas.DataFrame
        ``low`` and ``high`` of each measure of the view ``exposure``, on its scale: logarithms, and shares as they are.

    Raises
    ------
    InputError
        The model was fitted without exposure.
    """
    ranges = []
    for encoder in model.encoders:
        view = encoder.harmonizer.views.get(EXPOSURE_VIEW)
        if view is not None and len(view.features):
            scaling = view.steps["scale"]
            ranges.append(pd.DataFrame({"low": scaling.low, "high": scaling.high}, index=view.features))
    if not ranges:
        raise InputError(
            "the model was fitted without exposure, so that a regimen changes no prediction; run a cohort whose "
            "cohort.yaml has the block 'exposure'"
        )
    # No member is fitted to all training patients.
    return pd.concat(ranges).groupby(level=0, sort=False).agg({"low": "min", "high": "max"})


def effect_of(model: Fitted, kinetic: KineticModel) -> ExposureEffect:
    """Return the effect of exposure in a model, and check that both estimate exposure with one kinetic model.

    Parameters
    ----------
    model
        A fitted model with exposure.
    kinetic
        The kinetic model of the patients.

    Returns
    -------
    ExposureEffect
        The effect.

    Raises
    ------
    InputError
        The model was fitted before effects were stored, or with the exposure of another kinetic model.
    """
    effect = model.exposure_effect
    if effect is None:
        raise InputError(
            "the model was fitted by an earlier version, which did not store the effect of exposure; repeat the run"
        )
    if effect.digest != digest_of(kinetic):
        other = kinetic.name if kinetic.name != effect.kinetic_model else "another version of it"
        raise InputError(
            f"the model was fitted to exposure by {effect.kinetic_model}, but the block 'exposure' of the cohort names "
            f"{other}; give the cohort the kinetic model of the run"
        )
    return effect


def check_measures(ranges: pd.DataFrame, measures: pd.Index) -> None:
    """Check that patients have the measures of exposure that a model uses.

    Parameters
    ----------
    ranges
        As from :func:`training_range`.
    measures
        Measures of the patients, named as those of the view ``exposure``.

    Raises
    ------
    InputError
        One is missing.
    """
    if lacking := [str(name) for name in ranges.index if name not in measures]:
        names = ", ".join(name.removeprefix("log_") for name in lacking)
        raise InputError(
            f"the model uses the exposure {names}, which the cohort does not have; add it to 'metrics' of the block "
            "'exposure'"
        )


def outside(ranges: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Find the values outside of the range of training.

    Parameters
    ----------
    ranges
        As from :func:`training_range`.
    values
        Patients x measures, on the same scale.

    Returns
    -------
    pandas.DataFrame
        Patients x measures of the model, bool.
    """
    known = values[ranges.index]
    low, high = ranges["low"] - ROUNDING, ranges["high"] + ROUNDING
    return (known < low) | (known > high)


def refuse_far(ranges: pd.DataFrame, values: pd.DataFrame, regimen: str) -> None:
    """Refuse a regimen whose exposure is too far from that of training for any prediction.

    Parameters
    ----------
    ranges
        As from :func:`training_range`.
    values
        Patients x measures, on the same scale.
    regimen
        Name of the regimen.

    Raises
    ------
    DataError
        An exposure is more than `FARTHEST` times outside.
    """
    logs = [name for name in ranges.index if name.startswith("log_")]
    known = values[logs]
    beyond = np.maximum(known - ranges.loc[logs, "high"], ranges.loc[logs, "low"] - known)
    far = beyond.max(axis=1)
    if not logs or not (far > np.log(FARTHEST)).any():
        return
    patient, measure = far.idxmax(), beyond.loc[far.idxmax()].idxmax()
    low, high = np.exp(ranges.loc[measure, ["low", "high"]].to_numpy(float))
    raise DataError(
        f"regimen '{regimen}' gives patient {patient} {measure.removeprefix('log_')} "
        f"{np.exp(known.loc[patient, measure]):.3g}, but the training patients have {low:.3g} to {high:.3g}; beyond "
        f"{FARTHEST:g} times that nothing can be predicted, choose another dose or other patients"
    )
