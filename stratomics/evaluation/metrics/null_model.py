"""The null model, which predicts all patients alike, and scores scaled by it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import StepFunction, kaplan_meier
from stratomics.evaluation.cases import Cases, SurvivalCases
from stratomics.evaluation.intervals import Estimate, estimate_with_interval, with_training_variability
from stratomics.evaluation.metrics.metric import find_metric

__all__ = ["SCALED", "null_cases", "scaled_scores"]

Array = NDArray[np.float64]

SCALED = {"survival": "ibs", "response": "brier"}
"""Kind of the primary endpoint -> squared error that is scaled by that of the null model."""


def null_cases(cases: Cases) -> Cases:
    """Predict each patient by the Kaplan-Meier curve, or the prevalence, of the patients of all other folds.

    Parameters
    ----------
    cases
        n patients, of any method: only their outcomes and folds count.

    Returns
    -------
    SurvivalCases or ResponseCases
        The same patients with predictions that use no covariate. In a design of one fold, the curve or prevalence of
        the evaluated patients themselves is used, which favours the null model.
    """
    if isinstance(cases, SurvivalCases):
        return _survival(cases)
    share = np.stack([_of_others(fold, lambda rows: cases.positive[rows].mean()) for fold in cases.fold])
    return dataclasses.replace(cases, probability=share, sets=None, marginal_sets=None)


def _survival(cases: SurvivalCases) -> SurvivalCases:
    times = np.unique(cases.time[cases.event])

    def curve(rows: NDArray[np.int64]) -> Array:
        return kaplan_meier(cases.event[rows], cases.time[rows])(times)

    curves = tuple(StepFunction(times, _of_others(fold, curve)) for fold in cases.fold)
    return dataclasses.replace(
        cases,
        risk=np.zeros_like(cases.risk),
        curves=curves,
        end=np.full_like(cases.end, cases.time.max()),
        bound=None,
    )


def _of_others(fold: NDArray[np.int64], estimate: Callable[[NDArray[np.int64]], Array | float]) -> Array:
    """(n, ...) estimate in the patients of the other folds, for each patient."""
    numbers, member = np.unique(fold, return_inverse=True)
    rows = [np.flatnonzero(fold != number) for number in numbers]
    return np.array([estimate(r if len(r) else np.arange(len(fold))) for r in rows])[member]


def scaled_scores(methods: Mapping[str, Cases], weight: Array) -> dict[str, Estimate]:
    """Scale the integrated Brier score of survival, or the Brier score of a response, by that of the null model.

    The scaled score is 1 - score / score of the null model: 0 is no better than predicting all patients alike, 1 is
    perfect, and a negative value is worse (Steyerberg et al. 2010, doi 10.1097/EDE.0b013e3181c30fb2).

    Parameters
    ----------
    methods
        Method -> cases of the same n patients.
    weight
        (1 + draws, n) how often each patient counts; the first row counts each once.

    Returns
    -------
    dict of str to Estimate
        Method -> scaled score with its 95% interval, as the score itself has it.
    """
    null = null_cases(next(iter(methods.values())))
    score = find_metric(SCALED["survival" if isinstance(null, SurvivalCases) else "response"]).function
    reference = score(null, weight)
    return {
        name: estimate_with_interval(
            with_training_variability(1.0 - score(cases, weight) / reference, cases.fold)
        )
        for name, cases in methods.items()
    }
