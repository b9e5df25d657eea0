"""How good a configuration is, asked of training patients alone: inner cross-validation, one fold after the other."""

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
    """Yield after each fold the `metrics` of the deciding endpoint, of all patients who are predicted by then.

    A fold is fitted when it is asked for, so that who has seen enough stops. Patients count alike, whichever fold,
    or batch, they are in.

    Parameters
    ----------
    cohort
        The training patients.
    folds
        Of them.
    config
        What is scored.
    metrics
        Names in METRICS.
    seed
        Of the fits; the same for every configuration.

    Raises
    ------
    DataError
        If a metric has no value.
    """
    ids, endpoint = cohort.obs_names.to_numpy(dtype=str), cohort_endpoints(cohort).primary()
    parts: list[Prediction] = []
    for number, fold in enumerate(folds, 1):
        with warnings_disabled():
            model = fitting.fit(cohort[fold.train].copy(), config, named_seed(seed, "tuning", fold.number))
            parts.append(model.predict(cohort[fold.test].copy()).at(0, fold.number))
        seen = np.sort(np.concatenate([own.test for own in folds[:number]]))
        cases = cases_of(Prediction.concatenate(parts), ids[seen], endpoint.take(seen))
        once = np.ones((1, len(cases)))
        scores = tuple(float(find_metric(name).function(cases, once)[0]) for name in metrics)
        for name, score in zip(metrics, scores, strict=True):
            if not np.isfinite(score):
                raise DataError(
                    f"{name} has no value after {number} of {len(folds)} inner folds; lower split.inner_folds"
                )
        yield scores
