"""Score a configuration on training patients only, by inner cross-validation, one fold after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from datamodules.split import Fold
from models.prediction import Prediction
from omics.cohort.read import cohort_endpoints
from omics.common.errors import DataError
from omics.common.seeds import named_seed
from stratomics.evaluation.cases import cases_of
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.fitting import fit as fitting
from stratomics.runtime.logs import warnings_disabled

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.config import ExperimentConfig

__all__ = ["inner_scores"]


def inner_scores(
    cohort: MuData, folds: Sequence[Fold], config: ExperimentConfig, metrics: Sequence[str], seed: int
) -> Iterator[tuple[float, ...]]:
    """Yield, after each fold, the metrics of the primary endpoint on all patients predicted so far.

    A fold is fitted when its score is requested, so that the caller can stop early. All patients have the same weight,
    whatever the size of their fold or batch.

    Parameters
    ----------
    cohort
        The training patients.
    folds
        Folds of these patients.
    config
        The configuration to score.
    metrics
        Names in METRICS.
    seed
        Seed of the fits; the same for all configurations.

    Yields
    ------
    tuple of float
        The metrics, in their order.

    Raises
    ------
    DataError
        If a metric is not defined.
    """
    ids, endpoint = cohort.obs_names.to_numpy(dtype=str), cohort_endpoints(cohort).primary()
    parts: list[Prediction] = []
    for number, fold in enumerate(folds, 1):
        with warnings_disabled():
            model = fitting.fit(cohort[fold.train].copy(), config, named_seed(seed, "tuning", fold.number))
            parts.append(model.predict(cohort[fold.test].copy()).at(0, fold.number))
        rows = np.sort(np.concatenate([done.test for done in folds[:number]]))
        cases = cases_of(Prediction.concatenate(parts), ids[rows], endpoint.take(rows))
        once = np.ones((1, len(cases)))
        scores = tuple(float(find_metric(name).function(cases, once)[0]) for name in metrics)
        for name, score in zip(metrics, scores, strict=True):
            if not np.isfinite(score):
                raise DataError(
                    f"{name} has no value after {number} of {len(folds)} inner folds; lower split.inner_folds"
                )
        yield scores
