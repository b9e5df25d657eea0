"""Predictions under a regimen: those of the model, shifted by the effect of the change of exposure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from datamodules.exposure.cohort_exposure import on_log_scale
from datamodules.exposure.individual import IndividualExposure
from models.calibration.member_predictions import ResponseMembers, SurvivalMembers
from models.prediction import RECEIVED, Prediction
from models.survival.kaplan_meier import StepFunction
from omics.common.seeds import named_generator
from stratomics.pharmacology.twins.regimen_exposure import taken

if TYPE_CHECKING:
    from stratomics.encoding.training_part import EncodedPatients
    from stratomics.fitting.exposure_effect import ExposureEffect
    from stratomics.fitting.fitted import EndpointMembers, Fitted

__all__ = ["Given", "Grid", "Under", "effect_draws", "predicted_under"]

Array = NDArray[np.float64]
Members = SurvivalMembers | ResponseMembers

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
class Given:
    """Predictions of n patients under the doses that they were given, by endpoint.

    Attributes
    ----------
    exposure
        (n,) posterior mean of the measure whose effect is known, on its scale.
    predicted
        What ``stratomics predict`` says, as one member; survival at the times of the grid.
    members
        The predictions of the members.
    """

    exposure: Array
    predicted: list[Members]
    members: list[EndpointMembers]

    @classmethod
    def of(
        cls,
        model: Fitted,
        effect: ExposureEffect,
        patients: EncodedPatients,
        given: IndividualExposure,
        grid: Grid,
    ) -> Self:
        """Predict patients, encoded by the model with their given exposure."""
        prediction = model.predict_encoded(patients)
        predicted = [_predicted(prediction, one.name, one.kind, patients, grid) for one in model.endpoints]
        exposure = _of_patients(given, effect, pd.Index(patients.sample_ids))
        return cls(exposure, predicted, model.members_encoded(patients))


@dataclass(frozen=True)
class Under:
    """n patients under one regimen, by endpoint in the order of the model's.

    Attributes
    ----------
    name, exposure
        Name of the regimen, and exposure under it.
    estimates
        (n, t) S(t) at the times of the grid, or (n, 1) probability of a response.
    values
        (draws, n, t) the same for draws of exposure, effect and member.
    means
        (draws, t) mean over the patients, for draws of effect and member.
    columns
        Calibrated columns of each endpoint, such as ``survival_bound``.
    """

    name: str
    exposure: IndividualExposure
    estimates: list[Array]
    values: list[Array]
    means: list[Array]
    columns: list[dict[str, NDArray[np.generic]]]


def effect_draws(effect: ExposureEffect, count: int) -> dict[str, Array]:
    """Draw the slope of each endpoint: quantiles of a normal distribution at equal steps, in random order.

    Parameters
    ----------
    effect
        Effect of exposure of a model.
    count
        Number of draws.

    Returns
    -------
    dict
        Endpoint -> (count,) slopes.
    """
    standard = norm.ppf((np.arange(count) + 0.5) / count)
    return {
        name: one.slope + one.error * named_generator(0, "twins", name).permutation(standard)
        for name, one in effect.endpoints.items()
    }


def predicted_under(
    model: Fitted,
    effect: ExposureEffect,
    given: Given,
    patients: pd.Index,
    name: str,
    exposure: IndividualExposure,
    draws: NDArray[np.int64],
    grid: Grid,
) -> Under:
    """Predict patients under one regimen.

    Parameters
    ----------
    model, effect
        The model, and its effect of exposure.
    given
        Predictions of n patients under the doses that they were given.
    patients
        (n,) their ids.
    name
        Name of the regimen.
    exposure
        Their exposure under it.
    draws
        Patients x d: numbers of draws of exposure.
    grid
        Times of S(t).

    Returns
    -------
    Under
        Each prediction under the given doses, with its hazard or odds times ``exp(slope * change of exposure)``.
    """
    change = _of_patients(exposure, effect, patients) - given.exposure
    rows = exposure.mean.index.get_indexer(patients)
    change_drawn = taken(exposure, effect.measure, draws)[rows].T - given.exposure
    slopes = effect_draws(effect, draws.shape[1])
    under = Under(name, exposure, [], [], [], [])
    for endpoint, predicted, members in zip(model.endpoints, given.predicted, given.members, strict=True):
        slope, drawn = effect.endpoints[endpoint.name].slope, slopes[endpoint.name][:, None]
        plausible = _drawn(_on_grid(members.plausible, grid), len(drawn))
        under.estimates.append(_value(predicted.shifted(slope * change))[0])
        under.values.append(_value(plausible.shifted(drawn * change_drawn)))
        under.means.append(_value(plausible.shifted(drawn * change)).mean(axis=1))
        both = (one.shifted(slope * change) for one in members)
        under.columns.append(endpoint.conformal.columns(*both))
    return under


def _of_patients(exposure: IndividualExposure, effect: ExposureEffect, patients: pd.Index) -> Array:
    """(n,) posterior mean of the measure whose effect is known, on its scale."""
    return on_log_scale(exposure)[0][effect.measure].reindex(patients).to_numpy(np.float64)


def _predicted(
    prediction: Prediction, name: str, kind: str, patients: EncodedPatients, grid: Grid
) -> Members:
    ids = patients.sample_ids
    if kind == "survival":
        [curves] = prediction.curves()
        rows = pd.Index(curves.sample_ids).get_indexer(pd.Index(ids))
        return SurvivalMembers(grid.all, curves.survival(grid.all)[rows][None])
    table = prediction.response
    if "arm" in table:
        table = table[table["arm"] == RECEIVED]
    table = table[(table["endpoint"] == name) & (table["class"] == "positive")]
    found = table.set_index("sample_id")["probability"].reindex(pd.Index(ids)).to_numpy(np.float64)
    return ResponseMembers(np.stack([1 - found, found], axis=-1)[None], np.array([False, True]))


def _on_grid(members: Members, grid: Grid) -> Members:
    if isinstance(members, ResponseMembers):
        return members
    return SurvivalMembers(grid.all, StepFunction(members.times, members.survival)(grid.all))


def _drawn(members: Members, count: int) -> Members:
    """Take `count` members, each about as often."""
    if isinstance(members, ResponseMembers):
        chosen = np.arange(count) % len(members.probability)
        return ResponseMembers(members.probability[chosen], members.positive)
    chosen = np.arange(count) % len(members.survival)
    return SurvivalMembers(members.times, members.survival[chosen])


def _value(members: Members) -> Array:
    """S(t) (members, n, t), or the probability of a response (members, n, 1)."""
    return members.survival if isinstance(members, SurvivalMembers) else members.value()[..., None]
