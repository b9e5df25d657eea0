"""Simulated trials of two randomised doses whose twins are predicted by one penalised regression, without a run."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.stats import norm

from datamodules.exposure.estimation.posterior import Posterior
from datamodules.exposure.individual import IndividualExposure
from models.calibration.cox_recalibration import CoxRecalibration
from models.calibration.response_recalibration import ResponseRecalibration
from models.linear.group_ridge import group_ridge, likelihood_of
from omics.cohort.endpoints import Response, Survival
from stratomics.fitting.exposure_effect import ExposureEffect, effect_on
from stratomics.fitting.fitted import EndpointMembers
from stratomics.pharmacology.twins.regimen_exposure import equal_draws
from stratomics.pharmacology.twins.under_regimen import Given, Grid, Under, predicted_under

Array = NDArray[np.float64]

PATIENTS, FEATURES, MEMBERS, DRAWS = 150, 60, 3, 200
HORIZON = 500.0
LOG_DOSE = np.log([500.0, 1500.0])
BETWEEN, ERROR = 0.33, 0.2
"""Standard deviation of log clearance between patients, and of the error of its measurement."""


@dataclass(frozen=True)
class Setting:
    """What drives the outcome of a trial.

    Attributes
    ----------
    hazard, logit
        Slopes of log exposure.
    disease
        Log hazard and log odds per standard deviation of the factor that also changes clearance.
    measures
        Number of measures of exposure, which say nearly the same.
    randomised
        Whether half of the patients have three times the dose; otherwise all have the mean of both.
    """

    hazard: float
    logit: float
    disease: float = 0.0
    measures: int = 1
    randomised: bool = True


@dataclass(frozen=True)
class Gains:
    """Of one trial and endpoint: mean gain of the high dose, true, predicted, by the penalised fit, and intervals."""

    truth: float
    predicted: float
    penalised: float
    covers_mean: bool
    covered: float


def gains(rng: np.random.Generator, setting: Setting) -> dict[str, Gains]:
    """Draw a trial, fit it, and compare the gain from the low to the high dose with the truth."""
    factors = rng.standard_normal((PATIENTS, 3))
    log_clearance = 0.22 * factors[:, 0] + np.sqrt(BETWEEN**2 - 0.22**2) * rng.standard_normal(PATIENTS)
    reliability = BETWEEN**2 / (BETWEEN**2 + ERROR**2)
    known = reliability * (log_clearance + ERROR * rng.standard_normal(PATIENTS))
    unknown = ERROR * np.sqrt(reliability)
    arm = rng.permutation(PATIENTS) % 2
    log_dose = LOG_DOSE[arm] if setting.randomised else np.full(PATIENTS, LOG_DOSE.mean())
    omics = factors @ rng.standard_normal((3, FEATURES)) + 0.8 * rng.standard_normal((PATIENTS, FEATURES))
    exposure = log_dose - known
    columns = exposure[:, None] + 0.05 * rng.standard_normal((PATIENTS, setting.measures)) * [
        place > 0 for place in range(setting.measures)
    ]
    own = setting.disease * factors[:, 0]
    found = {}
    for name in ("survival", "response"):
        slope = setting.hazard if name == "survival" else setting.logit
        other = own + (0.5 * factors[:, 1] if name == "survival" else 0.0)
        truth = [_true(name, slope, log - log_clearance, other) for log in LOG_DOSE]
        endpoint = _drawn(rng, name, slope, log_dose - log_clearance, other)
        under, penalised = _twins(endpoint, omics, columns, log_dose, known, unknown, rng)
        found[name] = _compared(truth[1] - truth[0], under, penalised)
    return found


def _true(name: str, slope: float, log_auc: Array, other: Array) -> Array:
    linear = slope * (log_auc - LOG_DOSE.mean()) + other
    return np.exp(-HORIZON / 400 * np.exp(linear)) if name == "survival" else 1 / (1 + np.exp(-linear))


def _drawn(
    rng: np.random.Generator, name: str, slope: float, log_auc: Array, other: Array
) -> Survival | Response:
    linear, seen = slope * (log_auc - LOG_DOSE.mean()) + other, np.ones(PATIENTS, dtype=bool)
    if name == "response":
        return Response(rng.random(PATIENTS) < 1 / (1 + np.exp(-linear)), seen)
    time, lost = rng.exponential(400 * np.exp(-linear)), rng.uniform(200, 900, PATIENTS)
    return Survival(np.minimum(time, lost), time <= lost, seen)


def _twins(
    endpoint: Survival | Response,
    omics: Array,
    columns: Array,
    log_dose: Array,
    known: Array,
    unknown: float,
    rng: np.random.Generator,
) -> tuple[list[Under], Array]:
    """Twins under both doses, and the gains by the penalised regression alone."""
    fold = rng.permutation(PATIENTS) % MEMBERS
    fits = [_Member.fit(np.column_stack([omics, columns]), endpoint, fold != m) for m in range(MEMBERS)]

    def estimates(exposures: Array) -> Array:
        return np.stack([one.estimates(np.column_stack([omics, exposures])) for one in fits])[..., None]

    def held_out(values: Array) -> Array:
        return values[fold, np.arange(PATIENTS), 0]

    own = estimates(columns)
    out_of_fold = held_out(own)
    if isinstance(endpoint, Survival):
        calibration: Any = CoxRecalibration.fit(out_of_fold, endpoint.event, endpoint.time)
    else:
        calibration = ResponseRecalibration.fit(out_of_fold, endpoint.positive)
    same = held_out(estimates(np.tile(columns.mean(axis=0), (PATIENTS, 1))))
    score = calibration.score(same[None, :, None])[0]
    effect = effect_on(endpoint, score, log_dose - known, log_dose)
    members = calibration.members(own)
    ids, grid = (
        pd.Index([f"p{number}" for number in range(PATIENTS)]),
        Grid(np.array([HORIZON]), np.array([])),
    )
    model: Any = SimpleNamespace(
        endpoints=[
            SimpleNamespace(name="it", conformal=SimpleNamespace(columns=lambda *_: {"survival_bound": None}))
        ]
    )
    effects = ExposureEffect("", "", "log_auc24_ss", {"it": effect})
    predicted = _mean_member(members)
    given = Given(log_dose - known, [predicted], [EndpointMembers(members, members)])
    under = []
    for log in LOG_DOSE:
        exposure = _exposure(ids, log - known, unknown)
        draws = equal_draws(exposure, DRAWS)
        under.append(predicted_under(model, effects, given, ids, "", exposure, draws, grid))
    by_fit = [
        _at_horizon(calibration.members(estimates(columns + (log - log_dose)[:, None]))) for log in LOG_DOSE
    ]
    return under, by_fit[1] - by_fit[0]


@dataclass(frozen=True)
class _Member:
    """One penalty for omics and exposure."""

    centre: Array
    scale: Array
    coefficients: Array

    @classmethod
    def fit(cls, x: Array, endpoint: Survival | Response, rows: NDArray[np.bool_]) -> _Member:
        part = x[rows]
        centre, scale = part.mean(axis=0), part.std(axis=0)
        likelihood = likelihood_of(endpoint.take(np.flatnonzero(rows)))
        block = np.zeros(x.shape[1], dtype=np.int64)
        fit = group_ridge((part - centre) / scale, block, likelihood)
        return cls(centre, scale, fit.coefficients)

    def estimates(self, x: Array) -> Array:
        return (x - self.centre) / self.scale @ self.coefficients


def _mean_member(members: Any) -> Any:
    if hasattr(members, "survival"):
        at = np.searchsorted(members.times, HORIZON, side="right") - 1
        return type(members)(np.array([HORIZON]), members.survival[..., [at]].mean(axis=0)[None])
    return type(members)(members.probability.mean(axis=0)[None], members.positive)


def _at_horizon(members: Any) -> Array:
    mean = _mean_member(members)
    return mean.survival[0, :, 0] if hasattr(mean, "survival") else mean.value()[0]


def _exposure(ids: pd.Index, mean: Array, unknown: float) -> IndividualExposure:
    standard = norm.ppf((np.arange(400) + 0.5) / 400)
    draws = torch.from_numpy(np.exp(mean[:, None] + unknown * standard))
    weights = torch.full_like(draws, 1 / 400)
    ones = torch.ones(len(ids))
    posterior = Posterior(torch.zeros(len(ids), 400, 1), weights, ones, ones)
    table = pd.DataFrame({"auc24_ss": np.exp(mean)}, ids)
    return IndividualExposure(
        table, table, pd.Series(1, ids), pd.Series(dtype=float), posterior, {"auc24_ss": draws}
    )


def _compared(truth: Array, under: list[Under], penalised: Array) -> Gains:
    low, high = under
    estimate = high.estimates[0][:, 0] - low.estimates[0][:, 0]
    means = np.quantile(high.means[0][:, 0] - low.means[0][:, 0], [0.05, 0.95])
    ends = np.quantile(high.values[0][..., 0] - low.values[0][..., 0], [0.05, 0.95], axis=0)
    return Gains(
        float(truth.mean()),
        float(estimate.mean()),
        float(penalised.mean()),
        bool(means[0] <= truth.mean() <= means[1]),
        float(((ends[0] <= truth) & (truth <= ends[1])).mean()),
    )
