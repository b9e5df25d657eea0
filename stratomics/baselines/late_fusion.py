"""Regressions put together from those of the members: factors with ridge, and late fusion of the views."""

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

__all__ = ["Fused", "fit_factors_ridge", "fit_late_fusion", "fit_on", "only", "without"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Fused:
    """A weighted sum of linear estimates, made true on the patients that each member left out."""

    name: str
    parts: list[LinearMembers]
    weights: Array
    arms: bool
    calibration: Calibration

    def predict(self, new: NewPatients) -> Prediction:
        """Predict new patients."""
        said = [part.estimates(new, new.arms if self.arms else None) for part in self.parts]
        together = np.tensordot(self.weights, np.stack(said), 1)
        return self.calibration.prediction(new.sample_ids, together[..., None], self.name)


def fit_factors_ridge(part: TrainingPart) -> Fused:
    """Ridge regression on covariates, shared factors and components of each view: our model without its depth."""
    whole = LinearMembers.fit(part, without(), part.arms)
    return _calibrated(part, [whole], np.ones(1), arms=part.arms is not None)


def fit_late_fusion(part: TrainingPart) -> Fused:
    """Ridge on each view's leading components and on the clinic, stacked with weights that are not negative."""
    parts = [LinearMembers.fit(part, only(name)) for name in _sources(part)]
    observed = np.flatnonzero(part.endpoint.observed)
    own = np.column_stack([one.own for one in parts])
    weights = nonnegative_weights(own[observed], likelihood_of(part.endpoint.take(observed)))
    return _calibrated(part, parts, weights, arms=False)


def fit_on(part: TrainingPart, select: Select) -> Fused:
    """Ridge regression on some blocks."""
    return _calibrated(part, [LinearMembers.fit(part, select)], np.ones(1), arms=False)


def only(*names: str) -> Select:
    """Look at these blocks alone."""
    return lambda encoded: {name: encoded.blocks[name] for name in names if name in encoded.blocks}


def without(*names: str) -> Select:
    """Look at all blocks but these."""
    return lambda encoded: {name: own for name, own in encoded.blocks.items() if name not in names}


def _sources(part: TrainingPart) -> list[str]:
    """Blocks of the clinic and of each view of which some member kept a feature."""
    blocks = [own.blocks for _, own in part.members]
    names = dict.fromkeys(name for own in blocks for name in own if name != FACTORS)
    return [name for name in names if any(name in own and own[name].shape[1] for own in blocks)]


def _calibrated(part: TrainingPart, parts: list[LinearMembers], weights: Array, *, arms: bool) -> Fused:
    observed = np.flatnonzero(part.endpoint.observed)
    own = np.column_stack([one.own for one in parts]) @ weights
    endpoint = part.endpoint.take(observed)
    calibration = _recalibration(own[observed], endpoint)
    return Fused(part.name, parts, weights, arms, calibration)


def _recalibration(own: Array, endpoint: Survival | Response) -> Calibration:
    from models.calibration.cox_recalibration import CoxRecalibration
    from models.calibration.response_recalibration import ResponseRecalibration

    if isinstance(endpoint, Response):
        return ResponseRecalibration.fit(own, endpoint.positive)
    return CoxRecalibration.fit(own, endpoint.event, endpoint.time, endpoint.entry)
