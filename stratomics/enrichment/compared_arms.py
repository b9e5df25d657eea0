"""The trial behind a stored enrichment: its patients, and who is inside the rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError, InputError
from stratomics.enrichment.effects.cross_fitted import chosen_most_often, chosen_within_folds
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.from_run import declared, has_two_arms, run_score, run_trial
from stratomics.enrichment.result import EnrichmentResult
from stratomics.runs.run_directory import RunDirectory

__all__ = ["ComparedArms", "compared_arms"]

AGAINST = " against "
"""Between the treated arms and the control in the words of a comparison."""


@dataclass(frozen=True)
class ComparedArms:
    """Two arms of a run.

    Attributes
    ----------
    trial
        n patients of both arms.
    sample_ids
        (n,) their ids.
    control, treated
        Value of the control arm, and those of the treated arm; empty if all others are treated.
    inside
        (n,) whether most of the cross-fitted rules select the patient; None without an enrichment.
    """

    trial: Trial
    sample_ids: NDArray[np.str_]
    control: str
    treated: tuple[str, ...]
    inside: NDArray[np.bool_] | None = None


def compared_arms(run: RunDirectory, result: EnrichmentResult | None) -> ComparedArms | None:
    """Read the arms that an enrichment compares, or those that the cohort declares.

    Parameters
    ----------
    run
        A finished run.
    result
        Its enrichment; None if it has none.

    Returns
    -------
    ComparedArms or None
        None if the run has one arm, names no control, or has no effect that can be estimated.
    """
    control, treated, allocation = declared(run)
    if result is not None and result.run is not None:
        allocation = result.run.randomised
        words, _, control = result.run.arms.rpartition(AGAINST)
        treated = [] if words == "treated" else words.split(", ")
    if control is None or not has_two_arms(run):
        return None
    try:
        of_run = run_trial(run, control, treated, allocation)
    except (DataError, InputError):
        # Too few patients or events, or delayed entry: no effect is estimated.
        return None
    inside = None if result is None else _inside(run, of_run.sample_ids, result)
    return ComparedArms(of_run.trial, of_run.sample_ids, control, tuple(treated), inside)


def _inside(
    run: RunDirectory, sample_ids: NDArray[np.str_], result: EnrichmentResult
) -> NDArray[np.bool_] | None:
    """(n,) the patients whom most of the cross-fitted rules select."""
    share = result.chosen.cut
    if share is None:
        return None
    score = run_score(run, sample_ids)
    return chosen_most_often(chosen_within_folds(score.value, score.fold, share))
