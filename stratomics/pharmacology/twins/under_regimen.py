"""Predictions of patients under one regimen: at the posterior mean of exposure, and for draws of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from datamodules.exposure.cohort_exposure import on_log_scale
from datamodules.exposure.exposure_view import EXPOSURE_VIEW, join_exposure
from datamodules.exposure.individual import IndividualExposure
from models.calibration.member_predictions import ResponseMembers, SurvivalMembers
from models.prediction import Prediction
from models.survival.kaplan_meier import StepFunction
from stratomics.encoding.training_part import EncodedPatients
from stratomics.pharmacology.twins.regimen_exposure import taken

if TYPE_CHECKING:
    from stratomics.fitting.fitted import Fitted

__all__ = ["Grid", "Under", "predicted_under"]

Array = NDArray[np.float64]

STEPS = 40
"""Times of a curve."""


@dataclass(frozen=True)
class Grid:
    """Times of the tables, and of the curves: ``all`` has both, sorted."""

    horizons: Array
    curve: Array

    @classmethod
    def of(cls, model: Fitted, times: Sequence[float]) -> Self:
        """Choose the times of a model: `times`, or its horizon; empty for a model without survival."""
        ends = [one.horizon for one in model.endpoints if one.kind == "survival"]
        if not ends:
            return cls(np.array([]), np.array([]))
        horizons = np.array(sorted(times) or ends[:1], dtype=np.float64)
        return cls(horizons, np.linspace(0.0, max(horizons.max(), ends[0]), STEPS + 1)[1:])

    @property
    def all(self) -> Array:
        """All times, sorted."""
        return np.union1d(self.horizons, self.curve)


@dataclass(frozen=True)
class Under:
    """n patients under one regimen.

    ``values`` has the prediction of each endpoint (draws x members, n, t), in the order of the model's endpoints, and
    ``members`` the prediction of the members at the posterior mean.
    """

    name: str
    exposure: IndividualExposure
    prediction: Prediction
    values: list[Array]
    members: list[Array]


def predicted_under(
    model: Fitted,
    patients: EncodedPatients,
    name: str,
    exposure: IndividualExposure,
    draws: NDArray[np.int64],
    grid: Grid,
) -> Under:
    """Predict patients under one regimen.

    Parameters
    ----------
    model
        The model.
    patients
        n patients, encoded by it.
    name
        Name of the regimen.
    exposure
        Their exposure under it.
    draws
        (n, s) numbers of draws, which are predicted too.
    grid
        Times of S(t).

    Returns
    -------
    Under
        Predictions at the posterior mean, and of each draw.
    """
    mean, error = on_log_scale(exposure)
    at_mean = patients.replaced(join_exposure(patients.cohort, mean, error), EXPOSURE_VIEW)
    members = _values(model, at_mean, grid)
    clouds = [
        _values(
            model,
            patients.replaced(
                join_exposure(patients.cohort, taken(exposure, draws[:, place]), error), EXPOSURE_VIEW
            ),
            grid,
        )
        for place in range(draws.shape[1])
    ]
    values = [np.concatenate(parts) for parts in zip(*clouds, strict=True)]
    return Under(name, exposure, model.predict_encoded(at_mean), values, members)


def _values(model: Fitted, patients: EncodedPatients, grid: Grid) -> list[Array]:
    """For each endpoint S(t) (members, n, t), or the probability of a response (members, n, 1)."""
    return [_value(members, grid.all) for members in model.plausible_encoded(patients)]


def _value(members: SurvivalMembers | ResponseMembers, times: Array) -> Array:
    if isinstance(members, SurvivalMembers):
        return StepFunction(members.times, members.survival)(times)
    return members.value()[..., None]
