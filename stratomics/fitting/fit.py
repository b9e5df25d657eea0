"""Fit one training part: harmonize, factors, members of the ensemble, calibration. The heart of the trip."""

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
from models.ensemble.inputs import COVARIATES, Layout
from models.ensemble.training import FEWEST_FOLDS, EndpointTask, train_members
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
    """Fit on all patients of `cohort`; see :func:`fit_part`."""
    return fit_part(TrainingPart(cohort, config, seed))


def fit_part(part: TrainingPart) -> Fitted:
    """Fit on one training part.

    Inner folds part the patients; each inner training part gives one member (harmonizer and factors
    included), and the member's predictions for the patients it left out whole calibrate the ensemble.
    """
    cohort, config, left = part.cohort, part.config, part.left
    tasks = dict(_tasks(cohort_endpoints(cohort), config, left, _sites(cohort, config.head)))
    encoders, seen = [encoder for encoder, _ in part.members], [encoded for _, encoded in part.members]
    blocks = [encoded.blocks for encoded in seen]
    codes = part.arms
    layout = Layout.of(blocks, codes is not None)
    x = layout.stacked(blocks, codes)
    stratifier, training_history = train_members(
        x, layout, list(tasks.values()), left, config.head, config.trainer, part.seed
    )
    said = stratifier.predict(x)
    endpoints = [
        _calibrated(
            name,
            task,
            config.head,
            estimates,
            left,
            codes,
            _own(x[:, :, : layout.widths.get(COVARIATES, 0)], left),
        )
        for (name, task), estimates in zip(tasks.items(), said, strict=True)
    ]
    ood_score = OodScore.fit([own.factors for own in seen], [own.reconstruction_error for own in seen], left)
    return Fitted(encoders, layout, stratifier, endpoints, ood_score, config.factors.model, training_history)


def _sites(cohort: MuData, config: HeadConfig) -> NDArray[np.int64] | None:
    """(n,) number of each patient's site, if they are to be compared within it; all without a site are one.

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
            "head.by_site needs sites, and cohort.yaml declares none; give it `site`, or leave it out"
        )
    codes: NDArray[np.int64] = pd.factorize(cohort.obs[site].astype(str))[0].astype(np.int64)
    return codes


def _tasks(
    endpoints: Endpoints, config: ExperimentConfig, left: NDArray[np.int64], stratum: NDArray[np.int64] | None
) -> Iterator[tuple[str, EndpointTask]]:
    """Endpoints to learn, the deciding one first.

    Raises
    ------
    DataError
        If a network would have nothing to learn one from.
    """
    endpoints.primary()
    for name in selected_endpoints(endpoints, config.endpoints):
        endpoint = endpoints.named[name]
        if isinstance(endpoint, Survival):
            endpoint = replace(endpoint, stratum=stratum)
        if name != endpoints.primary_endpoint:
            _check_networks(endpoint, name, left)
        kind: type[Head] = resolve(
            HEADS[endpoint.kind], config.head.name(endpoint.kind), f"head.{endpoint.kind}"
        )
        yield name, EndpointTask(endpoint, kind.fit(endpoint.take(np.flatnonzero(endpoint.observed))))


def _check_networks(endpoint: Survival | Response, name: str, left: NDArray[np.int64]) -> None:
    """Refuse an endpoint that some network could not learn, whichever folds it lacks."""
    count = int(left.max()) + 1
    lacking = combinations(range(count), 2) if count >= FEWEST_FOLDS else ((fold,) for fold in range(count))
    for folds in lacking:
        try:
            endpoint.take(np.flatnonzero(~np.isin(left, folds))).check_learnable(name)
        except DataError as error:
            raise DataError(
                f"{error}, among the patients of one inner fit; leave it out of `endpoints`"
            ) from None


def _calibrated(
    name: str,
    task: EndpointTask,
    config: HeadConfig,
    said: Array,
    left: NDArray[np.int64],
    codes: Array | None,
    known: Array,
) -> FittedEndpoint:
    """Calibrate one endpoint by what each member said (members, n, p) of the patients it left out.

    Censoring may depend on what is `known` (n, p) of them, and on what was said.
    """
    endpoint, observed = task.endpoint, task.endpoint.observed
    # A member's own level means nothing to the others: each is measured from its training patients.
    learns = observed & (left != np.arange(len(said))[:, None])
    # Column by column, in the same memory order for every member count.
    centers = np.array([[p[rows].mean() for p in own.T] for own, rows in zip(said, learns, strict=True)])
    seen = np.flatnonzero(observed)
    around = said - centers[:, None]
    left_out, outcome = _own(around, left)[seen], endpoint.take(seen)
    calibration = task.head.calibrate(left_out, outcome)
    log.debug("calibration slope of '%s' %.3f", name, calibration.slope)
    alone, everybody = calibration.members(left_out[None]), calibration.members(around[:, seen])
    columns, horizon = np.column_stack([left_out.mean(axis=1), known[seen]]), _horizon(endpoint, codes)
    promise = CONFORMAL[endpoint.kind].fit(alone, everybody, outcome, columns, left[seen], horizon)
    if (why := promise.shortfall()) is not None:
        log.warning("endpoint '%s': %s", name, why)
    head = config.name(endpoint.kind)
    return FittedEndpoint(name, endpoint.kind, head, centers, calibration, horizon, promise)


def _own(values: NDArray[Any], left: NDArray[np.int64]) -> Array:
    """(n, p) of values (members, n, p) what the member gives that left the patient out."""
    own: Array = values[left, np.arange(len(left))]
    return own


def _horizon(endpoint: Survival | Response, codes: Array | None) -> float:
    """Time up to which both arms were followed well: a tenth uncensored at least, and ten patients of each arm."""
    if not isinstance(endpoint, Survival):
        return 0.0
    seen = endpoint.observed
    arms = [seen] if codes is None else [seen & (codes < 0), seen & (codes > 0)]
    return min(followed_until(endpoint.event[own], endpoint.time[own]) for own in arms)
