"""Evaluate the negative controls of a run, each in one permutation, or in several where the first is above chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from datamodules.resampling import Design
from datamodules.split import patient_groups
from models.prediction import Prediction
from omics.cohort.read import cohort_endpoints
from stratomics.config import ExperimentConfig
from stratomics.evaluation.cases import Cases, cases_of
from stratomics.evaluation.comparison import resamples
from stratomics.evaluation.control_results import (
    PERMUTED_AGAIN,
    ControlResult,
    control_result,
    discrimination,
    permuted_again,
)
from stratomics.experiment.tasks import control_cohort, permutation_name

__all__ = ["control_results"]


def control_results(
    config: ExperimentConfig, design: Design, predictions: Mapping[str, Prediction]
) -> dict[str, ControlResult]:
    """Evaluate the controls of a run.

    Parameters
    ----------
    config
        The experiment.
    design
        Its cohort.
    predictions
        Predictions by :func:`stratomics.experiment.tasks.permutation_name`.

    Returns
    -------
    dict
        Control -> its result, decided by further permutations where `predictions` have them.
    """
    count = len(config.controls or ())
    results = {name: _first(config, design, predictions, name) for name in config.controls or ()}
    for name, result in results.items():
        estimates = list(_further(config, design, predictions, name))
        if result["off"] and estimates:
            results[name] = permuted_again(result, estimates, count)
    return results


def _first(
    config: ExperimentConfig, design: Design, predictions: Mapping[str, Prediction], name: str
) -> ControlResult:
    cohort = control_cohort(config, design.cohort, name)
    endpoint, families = cohort_endpoints(cohort).primary(), patient_groups(cohort)
    units = np.arange(cohort.n_obs) if families is None else families
    weight = resamples(units[endpoint.observed], config.evaluation.draws, config.seed)
    cases = _cases(config, design, predictions, name, 0)
    return control_result(cases, endpoint.kind, weight, len(config.controls or ()))


def _further(
    config: ExperimentConfig, design: Design, predictions: Mapping[str, Prediction], name: str
) -> Iterator[float]:
    """Concordance or AUROC of each further permutation."""
    kind = cohort_endpoints(design.cohort).primary().kind
    for again in range(1, PERMUTED_AGAIN + 1):
        if permutation_name(name, again) in predictions:
            yield discrimination(_cases(config, design, predictions, name, again), kind)


def _cases(
    config: ExperimentConfig, design: Design, predictions: Mapping[str, Prediction], name: str, again: int
) -> Cases:
    cohort = control_cohort(config, design.cohort, name, again)
    ids = cohort.obs_names.to_numpy(dtype=str)
    return cases_of(predictions[permutation_name(name, again)], ids, cohort_endpoints(cohort).primary())
