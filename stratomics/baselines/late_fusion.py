"""Baselines on the inputs of the ensemble members: ridge regression on factors, and late fusion of views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.ensemble.inputs import FACTORS
from models.linear.group_ridge import likelihood_of
from models.linear.nonnegative import nonnegative_weights
from omics.cohort.endpoints import Response, Survival
from stratomics.baselines.linear_members import LinearMembers, Select

if TYPE_CHECKING:
    from models.calibration.calibration import Calibration
    from models.prediction import Prediction
    from stratomics.fitting.training_part import NewPatients, TrainingPart

__all__ = ["RidgeFusion", "fit_factors_ridge", "fit_late_fusion", "fit_on", "only_blocks", "without_blocks"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RidgeFusion:
    """A weighted sum of ridge regressions, calibrated on out-of-fold estimates.

    Attributes
    ----------
    name
        Name of the endpoint.
    parts
        The regressions.
    weights
        One per regression.
    arms
        Whether the regressions use the arm.
    calibration
        Recalibrates the weighted sum.
    """

    name: str
    parts: list[LinearMembers]
    weights: Array
    arms: bool
    calibration: Calibration

    def predict(self, new: NewPatients) -> Prediction:
        """Predict new patients."""
        estimates = [part.estimates(new, new.arms if self.arms else None) for part in self.parts]
        total = np.tensordot(self.weights, np.stack(estimates), 1)
        return self.calibration.prediction(new.sample_ids, total[..., None], self.name)


def fit_factors_ridge(part: TrainingPart) -> RidgeFusion:
    """Fit a ridge regression on covariates, shared factors and components of each view.

    It has the inputs of stratomics, and no network.
    """
    whole = LinearMembers.fit(part, without_blocks(), part.arms)
    return _calibrate(part, [whole], np.ones(1), arms=part.arms is not None)


def fit_late_fusion(part: TrainingPart) -> RidgeFusion:
    """Fit ridge regressions on the components of each view and on the covariates, stacked with nonnegative weights."""
    parts = [LinearMembers.fit(part, only_blocks(name)) for name in _sources(part)]
    observed = np.flatnonzero(part.endpoint.observed)
    held_out = np.column_stack([one.held_out for one in parts])
    weights = nonnegative_weights(held_out[observed], likelihood_of(part.endpoint.take(observed)))
    return _calibrate(part, parts, weights, arms=False)


def fit_on(part: TrainingPart, select: Select) -> RidgeFusion:
    """Fit a ridge regression on some blocks.

    Parameters
    ----------
    part
        The training part.
    select
        Selects the blocks, such as :func:`only_blocks`.

    Returns
    -------
    RidgeFusion
        With one regression.
    """
    return _calibrate(part, [LinearMembers.fit(part, select)], np.ones(1), arms=False)


def only_blocks(*names: str) -> Select:
    """Select the blocks of these names."""
    return lambda encoded: {name: encoded.blocks[name] for name in names if name in encoded.blocks}


def without_blocks(*names: str) -> Select:
    """Select all blocks but those of these names."""
    return lambda encoded: {name: values for name, values in encoded.blocks.items() if name not in names}


def _sources(part: TrainingPart) -> list[str]:
    """Blocks of the covariates and of each view of which at least one member has a feature."""
    members = [encoded.blocks for _, encoded in part.members]
    names = dict.fromkeys(name for blocks in members for name in blocks if name != FACTORS)
    return [name for name in names if any(name in blocks and blocks[name].shape[1] for blocks in members)]


def _calibrate(part: TrainingPart, parts: list[LinearMembers], weights: Array, *, arms: bool) -> RidgeFusion:
    observed = np.flatnonzero(part.endpoint.observed)
    held_out = np.column_stack([one.held_out for one in parts]) @ weights
    endpoint = part.endpoint.take(observed)
    calibration = _recalibration(held_out[observed], endpoint)
    return RidgeFusion(part.name, parts, weights, arms, calibration)


def _recalibration(held_out: Array, endpoint: Survival | Response) -> Calibration:
    from models.calibration.cox_recalibration import CoxRecalibration
    from models.calibration.response_recalibration import ResponseRecalibration

    if isinstance(endpoint, Response):
        return ResponseRecalibration.fit(held_out, endpoint.positive)
    return CoxRecalibration.fit(held_out, endpoint.event, endpoint.time, endpoint.entry)
