"""Fit one training part: harmonization, factors, ensemble members, calibration."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from mudata import MuData
from numpy.typing import NDArray

from models.calibration.conformal import CONFORMAL
from models.config import HeadConfig
from models.ensemble.inputs import COVARIATES, InputLayout
from models.ensemble.training import MIN_FOLDS, EndpointTask, train_members
from models.heads import HEADS
from models.heads.head import Head
from models.ood.ood_score import OodScore
from models.survival.kaplan_meier import followed_until
from omics.cohort.endpoints import Endpoints, Response, Survival
from omics.cohort.read import cohort_endpoints, cohort_spec
from omics.common.errors import ConfigError, DataError
from omics.common.registry import resolve
from stratomics.config import ExperimentConfig
from stratomics.fitting.fitted import Fitted, FittedEndpoint
from stratomics.fitting.selected_endpoints import selected_endpoints
from stratomics.fitting.training_part import TrainingPart

__all__ = ["Fitted", "fit", "fit_part"]

log = logging.getLogger(__name__)

Array = NDArray[np.float64]


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
        The ensemble; see :func:`fit_part`.
    """
    return fit_part(TrainingPart(cohort, config, seed))


def fit_part(part: TrainingPart) -> Fitted:
    """Fit stratomics to one training part.

    The patients are split into inner folds. Each inner training part gives one member of the ensemble, harmonizer
    and factors included. The predictions of each member for the patients of its own inner test fold calibrate the
    ensemble.
    """
    cohort, config, held_out_by = part.cohort, part.config, part.held_out_by
    tasks = dict(_tasks(cohort_endpoints(cohort), config, held_out_by, _sites(cohort, config.head)))
    encoders, encoded = [encoder for encoder, _ in part.members], [encoded for _, encoded in part.members]
    blocks = [member.blocks for member in encoded]
    codes = part.arms
    layout = InputLayout.from_members(blocks, codes is not None)
    x = layout.stack(blocks, codes)
    stratifier, training_history = train_members(
        x, layout, list(tasks.values()), held_out_by, config.head, config.trainer, part.seed
    )
    predicted = stratifier.predict(x)
    covariates = _held_out(x[:, :, : layout.widths.get(COVARIATES, 0)], held_out_by)
    endpoints = [
        _calibrate(name, task, config.head, estimates, held_out_by, codes, covariates)
        for (name, task), estimates in zip(tasks.items(), predicted, strict=True)
    ]
    ood_score = OodScore.fit(
        [member.factors for member in encoded],
        [member.reconstruction_error for member in encoded],
        held_out_by,
    )
    return Fitted(encoders, layout, stratifier, endpoints, ood_score, config.factors.model, training_history)


def _sites(cohort: MuData, config: HeadConfig) -> NDArray[np.int64] | None:
    """(n,) number of the site of each patient, if patients are compared within sites only.

    Patients without a site form one site.

    Raises
    ------
    ConfigError
        If the cohort declares no site.
    """
    if not config.by_site:
        return None
    site = cohort_spec(cohort).site
    if site is None:
        raise ConfigError(
            "head.by_site needs sites, and cohort.yaml declares none; add `site` to cohort.yaml, or leave it out"
        )
    codes: NDArray[np.int64] = pd.factorize(cohort.obs[site].astype(str))[0].astype(np.int64)
    return codes


def _tasks(
    endpoints: Endpoints,
    config: ExperimentConfig,
    held_out_by: NDArray[np.int64],
    stratum: NDArray[np.int64] | None,
) -> Iterator[tuple[str, EndpointTask]]:
    """Yield the selected endpoints with their heads, the primary endpoint first.

    Raises
    ------
    DataError
        If the training patients of one network are too few for an endpoint.
    """
    endpoints.primary()
    for name in selected_endpoints(endpoints, config.endpoints):
        endpoint = endpoints.named[name]
        if isinstance(endpoint, Survival):
            endpoint = replace(endpoint, stratum=stratum)
        if name != endpoints.primary_endpoint:
            _check_networks(endpoint, name, held_out_by)
        kind: type[Head] = resolve(
            HEADS[endpoint.kind], config.head.name(endpoint.kind), f"head.{endpoint.kind}"
        )
        yield name, EndpointTask(endpoint, kind.fit(endpoint.take(np.flatnonzero(endpoint.observed))))


def _check_networks(endpoint: Survival | Response, name: str, held_out_by: NDArray[np.int64]) -> None:
    """Check that each network has enough patients for an endpoint.

    A network of inner validation is trained without two folds.
    """
    count = int(held_out_by.max()) + 1
    omitted = combinations(range(count), 2) if count >= MIN_FOLDS else ((fold,) for fold in range(count))
    for folds in omitted:
        try:
            endpoint.take(np.flatnonzero(~np.isin(held_out_by, folds))).check_learnable(name)
        except DataError as error:
            raise DataError(
                f"{error}, among the patients of one inner fit; leave it out of `endpoints`"
            ) from None


def _calibrate(
    name: str,
    task: EndpointTask,
    config: HeadConfig,
    estimates: Array,
    held_out_by: NDArray[np.int64],
    codes: Array | None,
    covariates: Array,
) -> FittedEndpoint:
    """Calibrate one endpoint on the estimates (members, n, p), those of each patient by the member without them.

    The model of censoring uses `covariates` (n, c) and the mean of these estimates.
    """
    endpoint, observed = task.endpoint, task.endpoint.observed
    # Levels of members are not comparable: each member is centered at the mean of its training patients.
    trained = observed & (held_out_by != np.arange(len(estimates))[:, None])
    # Column by column, so that the order of summation does not depend on the number of members.
    centers = np.array(
        [[p[rows].mean() for p in one.T] for one, rows in zip(estimates, trained, strict=True)]
    )
    rows = np.flatnonzero(observed)
    centered = estimates - centers[:, None]
    held_out, outcome = _held_out(centered, held_out_by)[rows], endpoint.take(rows)
    calibration = task.head.calibrate(held_out, outcome)
    log.debug("calibration slope of '%s' %.3f", name, calibration.slope)
    by_one, by_all = calibration.members(held_out[None]), calibration.members(centered[:, rows])
    columns, horizon = np.column_stack([held_out.mean(axis=1), covariates[rows]]), _horizon(endpoint, codes)
    conformal = CONFORMAL[endpoint.kind].fit(by_one, by_all, outcome, columns, held_out_by[rows], horizon)
    if (reason := conformal.too_few_patients()) is not None:
        log.warning("endpoint '%s': %s", name, reason)
    head = config.name(endpoint.kind)
    return FittedEndpoint(name, endpoint.kind, head, centers, calibration, horizon, conformal)


def _held_out(values: NDArray[Any], held_out_by: NDArray[np.int64]) -> Array:
    """(n, p) out of values (members, n, p): those of the member that is fitted without the patient."""
    selected: Array = values[held_out_by, np.arange(len(held_out_by))]
    return selected


def _horizon(endpoint: Survival | Response, codes: Array | None) -> float:
    """Time up to which enough patients of both arms are followed: a tenth of them, and ten patients of each arm."""
    if not isinstance(endpoint, Survival):
        return 0.0
    observed = endpoint.observed
    arms = [observed] if codes is None else [observed & (codes < 0), observed & (codes > 0)]
    return min(followed_until(endpoint.event[arm], endpoint.time[arm]) for arm in arms)
