"""Fit one training part: harmonization, factors, candidates, their mixture, calibration."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datamodules.exposure.exposure_view import EXPOSURE_VIEW, with_mean_exposure
from models.calibration.calibration import Calibration
from models.calibration.competing_recalibration import CompetingRecalibration
from models.calibration.conformal import CONFORMAL
from models.calibration.curve_recalibration import CurveRecalibration, curve_cost
from models.calibration.level_recalibration import LevelRecalibration
from models.ensemble.inputs import COVARIATES, InputLayout
from models.ensemble.training import EndpointTask
from models.linear.group_ridge import likelihood_of
from models.ood.ood_score import OodScore
from models.survival.kaplan_meier import followed_until
from omics.cohort.endpoints import Response, Survival
from omics.common.errors import ConfigError, InputError
from omics.common.registry import resolve
from stratomics.candidates import CANDIDATES
from stratomics.candidates.candidate import CalibratedFit, calibrate_candidate, held_out, no_information
from stratomics.config import MIXTURE, WIDE_DEEP, ExperimentConfig
from stratomics.encoding.training_part import TrainingPart
from stratomics.fitting.exposure_effect import ExposureEffect
from stratomics.fitting.fitted import Fitted, FittedEndpoint
from stratomics.fitting.mixture import Cost, Mixture, cost_of, plausible_estimates
from stratomics.fitting.wide_deep import endpoint_tasks, fit_wide_deep

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.candidates.candidate import CandidateKind

__all__ = ["Fitted", "fit", "fit_part"]

log = logging.getLogger(__name__)

Array = NDArray[np.float64]

UNMIXED = (CompetingRecalibration, LevelRecalibration)
"""Calibrations of estimates with several causes or levels, which the other candidates do not predict."""


def fit(cohort: MuData, config: ExperimentConfig, seed: int) -> Fitted:
    """Fit stratomics to all patients of a cohort.

    Parameters
    ----------
    cohort
        The training patients.
    config
        The experiment.
    seed
        Seed of this fit.

    Returns
    -------
    Fitted
        The model; see :func:`fit_part`.
    """
    return fit_part(TrainingPart(cohort, config, seed))


def fit_part(part: TrainingPart) -> Fitted:
    """Fit stratomics to one training part.

    The patients are split into inner folds. Each inner training part gives one member of the ensemble: harmonizer,
    factors, and a model of each candidate. The predictions of each member for the patients of its own inner test fold
    weight the candidates and calibrate their mixture.
    """
    tasks = endpoint_tasks(part)
    network = fit_wide_deep(part, list(tasks.values()))
    primary = tasks[part.name]
    alone = _calibrate(part, part.name, primary, network.estimates[0])
    candidates = _fit_candidates(part)
    by_name = {WIDE_DEEP: network.estimates[0] - alone.centers[:, None]}
    by_name |= {name: fit.estimates[..., None] for name, fit in candidates.items()}
    slopes = {WIDE_DEEP: alone.calibration.slope}
    slopes |= {name: fit.candidate.calibration.slope for name, fit in candidates.items()}
    mixture = _mix(part, alone.calibration, by_name, slopes)
    mixed = mixture.combine(by_name)
    others = zip(list(tasks.items())[1:], network.estimates[1:], strict=True)
    endpoints = [
        _calibrate(part, part.name, primary, mixed, mixture.spread(by_name)),
        *(_calibrate(part, name, task, estimates) for (name, task), estimates in others),
    ]
    members = part.patients.members
    ood_score = OodScore.fit(
        [member.factors for member in members],
        [member.reconstruction_error for member in members],
        [member.measured for member in members],
        part.held_out_by,
    )
    fitted = Fitted(
        part.encoders,
        network.model,
        alone,
        {name: fit.candidate for name, fit in candidates.items()},
        mixture,
        endpoints,
        ood_score,
        part.config.factors.model,
        network.training_history,
        kinetics=part.kinetics,
    )
    return replace(fitted, exposure_effect=_exposure_effect(part, tasks, fitted))


def _exposure_effect(
    part: TrainingPart, tasks: Mapping[str, EndpointTask], fitted: Fitted
) -> ExposureEffect | None:
    """Estimate the effect of exposure beside the held-out predictions that have the same exposure for all patients."""
    if EXPOSURE_VIEW not in fitted.views:
        return None
    same = part.patients.replaced(with_mean_exposure(part.prepared), EXPOSURE_VIEW)
    endpoints = {name: task.endpoint for name, task in tasks.items()}
    return ExposureEffect.fit(part.prepared, endpoints, fitted.held_out_endpoints(part, same))


def _fit_candidates(part: TrainingPart) -> dict[str, CalibratedFit]:
    """Fit the candidates of the configuration; one that cannot be fitted here predicts without information."""
    fits = {}
    for name in part.config.baselines or ():
        kind: CandidateKind = resolve(CANDIDATES[part.endpoint.kind], name, "baseline")
        try:
            fits[name] = calibrate_candidate(part, kind.fit(part))
        except InputError as error:
            log.warning("candidate '%s' is left out of this mixture: %s", name, error)
            fits[name] = calibrate_candidate(part, no_information(part))
    return fits


def _may_be_mixed(part: TrainingPart, name: str) -> bool:
    if part.arms is None or name == WIDE_DEEP:
        return True
    kind: CandidateKind = resolve(CANDIDATES[part.endpoint.kind], name, "baseline")
    return kind.effect_by_omics


def _mix(
    part: TrainingPart, calibration: Calibration, estimates: Mapping[str, Array], slopes: Mapping[str, float]
) -> Mixture:
    """Weights of the candidates, from their centred estimates (members, n, p) and calibration slopes.

    `calibration` is that of the wide and deep network alone.

    Raises
    ------
    ConfigError
        If the configured candidate cannot predict the causes or levels of the head.
    """
    model, unmixed = part.config.model, isinstance(calibration, UNMIXED)
    if unmixed and model not in (MIXTURE, WIDE_DEEP):
        raise ConfigError(
            f"model '{model}' predicts neither causes nor levels, which the configured head does; use model {WIDE_DEEP}"
        )
    if model != MIXTURE:
        return Mixture.of_one(model)
    if unmixed:
        log.info("the other candidates predict neither causes nor levels, so that the network is not mixed")
    names = [name for name in estimates if _may_be_mixed(part, name)]
    if unmixed or names == [WIDE_DEEP]:
        return Mixture.of_one(WIDE_DEEP)
    rows = np.flatnonzero(part.endpoint.observed)
    out_of_fold = {name: held_out(estimates[name], part.held_out_by)[rows] for name in names}
    cost = _cost(calibration, part.endpoint.take(rows))
    mixture = Mixture.fit(out_of_fold, {name: slopes[name] for name in names}, cost)
    log.debug("weights %s", mixture.weights)
    return mixture


def _cost(calibration: Calibration, outcome: Survival | Response) -> Cost:
    """Negative log likelihood that weights minimize: of survival curves, or of one linear predictor per patient."""
    if not isinstance(calibration, CurveRecalibration) or isinstance(outcome, Response):
        return cost_of(likelihood_of(outcome))
    shape = len(outcome.time), len(calibration.times)
    of_curves = curve_cost(calibration.times, outcome.event, outcome.time, outcome.entry)
    return lambda estimates: of_curves(np.broadcast_to(estimates, shape))


def _calibrate(
    part: TrainingPart, name: str, task: EndpointTask, estimates: Array, spread: Array | None = None
) -> FittedEndpoint:
    """Calibrate one endpoint on the estimates (members, n, p), those of each patient by the member without them.

    The model of censoring uses the covariates and the mean of these estimates. `spread` (n,) is that of the candidates.
    """
    endpoint, observed, held_out_by = task.endpoint, task.endpoint.observed, part.held_out_by
    # Levels of members are not comparable: each member is centered at the mean of its training patients.
    trained = observed & (held_out_by != np.arange(len(estimates))[:, None])
    # Column by column, so that the order of summation does not depend on the number of members.
    centers = np.array(
        [[p[rows].mean() for p in one.T] for one, rows in zip(estimates, trained, strict=True)]
    )
    rows = np.flatnonzero(observed)
    centered = estimates - centers[:, None]
    out_of_fold, outcome = held_out(centered, held_out_by)[rows], endpoint.take(rows)
    calibration = task.head.calibrate(out_of_fold, outcome)
    log.debug("calibration slope of '%s' %.3f", name, calibration.slope)
    plausible = centered if spread is None else plausible_estimates(centered, spread)
    by_one, by_all = calibration.members(out_of_fold[None]), calibration.members(plausible[:, rows])
    columns = np.column_stack([out_of_fold.mean(axis=1), _covariates(part)[rows]])
    horizon = _horizon(endpoint, part.arms)
    conformal = CONFORMAL[endpoint.kind].fit(by_one, by_all, outcome, columns, held_out_by[rows], horizon)
    if (reason := conformal.too_few_patients()) is not None:
        log.warning("endpoint '%s': %s", name, reason)
    return FittedEndpoint(name, endpoint.kind, centers, calibration, horizon, conformal)


def _covariates(part: TrainingPart) -> Array:
    """(n, c) covariates of each training patient, as the member that leaves the patient out harmonizes them."""
    layout = InputLayout.from_members(
        [{COVARIATES: blocks[COVARIATES]} for blocks in part.patients.blocks], False
    )
    if not layout.total:
        return np.zeros((len(part.held_out_by), 0))
    return held_out(layout.stack(part.patients.blocks).astype(np.float64), part.held_out_by)


def _horizon(endpoint: Survival | Response, codes: Array | None) -> float:
    """Time up to which enough patients of both arms are followed: a tenth of them, and ten patients of each arm."""
    if not isinstance(endpoint, Survival):
        return 0.0
    observed = endpoint.observed
    arms = [observed] if codes is None else [observed & (codes < 0), observed & (codes > 0)]
    return min(followed_until(endpoint.event[arm], endpoint.time[arm]) for arm in arms)
