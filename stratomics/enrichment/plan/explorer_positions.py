"""Size the trials of one threshold at every position of the explorer's other scales."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DesignError
from stratomics.enrichment.design.assay import Assay
from stratomics.enrichment.from_run import RunTrial
from stratomics.enrichment.plan.cut_trials import cut_trials
from stratomics.enrichment.plan.explorer_table import ExplorerTrials, Nested
from stratomics.enrichment.plan.survival_plan import MOST
from stratomics.enrichment.plan.trial_assumptions import TrialRequest
from stratomics.enrichment.selection.subgroup import Subgroup
from stratomics.runs.run_directory import RunDirectory

__all__ = ["ODDS", "CutPositions", "cut_positions", "rounded"]

Array = NDArray[np.float64]

ODDS = (1 / 3, 1 / 2, 2 / 3, 1.0, 3 / 2, 2.0, 3.0)
"""Odds of being inside among future candidates, relative to those in the cohort."""

NO_TRIAL = f"there is no benefit to show in enrolled patients, or it needs more than {MOST:,} patients"


@dataclass(frozen=True)
class CutPositions:
    """Trials of one threshold at every position of the other scales.

    Attributes
    ----------
    prevalence
        Prevalence at each position of its scale.
    enriched, all_comers
        Trials by prevalence, sensitivity and specificity; for all comers by prevalence.
    why
        Why there is no trial, where there is none.
    """

    prevalence: list[float]
    enriched: ExplorerTrials
    all_comers: ExplorerTrials
    why: str


def cut_positions(
    run: RunDirectory,
    of_run: RunTrial,
    subgroup: Subgroup,
    scales: Mapping[str, list[float]],
    request: TrialRequest,
    follow_up: float | None,
    digits: Mapping[str, int],
    reference: int,
) -> CutPositions:
    """Size the trials of one cut at each prevalence with each assay, and those of all comers at each prevalence.

    Parameters
    ----------
    run, of_run
        A finished run and its trial.
    subgroup
        The patients inside the cut, with sizing effects.
    scales
        Name of a scale -> its values.
    request
        What the trial designer specifies.
    follow_up
        Follow-up of the last patient; the median of the cohort if None.
    digits
        Decimals of ``cost``, ``duration`` and ``effect``.
    reference
        Number of patients for which the power is computed.

    Returns
    -------
    CutPositions
        Rounded to the digits that are shown.
    """
    members, _ = subgroup.sized()
    share_inside = float(members.mean())
    odds = np.array(ODDS) * share_inside / (1.0 - share_inside)
    prevalence = odds / (1.0 + odds)
    shape = (len(prevalence), len(scales["sensitivity"]), len(scales["specificity"]))
    assays = [
        Assay(float(p), sensitivity, specificity) if sensitivity + specificity > 1.0 else None
        for p in prevalence
        for sensitivity in scales["sensitivity"]
        for specificity in scales["specificity"]
    ]
    # A position whose assay has no information (sensitivity + specificity <= 1) has no trial.
    belonging = np.array([0.5 if one is None else one.positive_predictive_value for one in assays])
    taken = np.array([np.nan if one is None else one.positive for one in assays])
    shown = rounded(prevalence, 3)
    try:
        trials = cut_trials(run, of_run, subgroup, request, follow_up)
    except DesignError as error:
        # None at the outermost level: no position of this cut has a trial.
        nothing = ExplorerTrials(None, None, None, None)
        return CutPositions(shown, nothing, nothing, str(error))
    shares = np.append(taken, np.ones(len(prevalence)))
    sizes = trials.sizes(np.append(belonging, prevalence), shares)
    power = trials.power(np.append(belonging, prevalence), shares, reference)
    effects = trials.effect(np.append(belonging, prevalence)).T
    n = len(assays)
    parts = []
    for name, rows, share, inner in (
        ("enriched", slice(0, n), taken, shape),
        ("all comers", slice(n, None), np.ones(len(prevalence)), shape[:1]),
    ):
        patients = sizes.patients[rows]
        tested = np.ceil(patients / share) if name == "enriched" else np.zeros(len(patients))
        size = np.stack(
            [np.ceil(sizes.events[rows]), np.ceil(patients), tested, sizes.duration[rows]], axis=1
        )
        possible = np.isfinite(patients)
        cost = request.patient * size[:, 1, None] + np.outer(
            np.where(possible, tested, 0.0), scales["screening"]
        )
        parts.append(
            ExplorerTrials(
                _nested(rounded(effects[rows], digits["effect"]), inner),
                _nested(_sized(size, possible, digits["duration"]), inner),
                _nested(_known(rounded(cost, digits["cost"]), possible), inner),
                _nested(rounded(power[rows], 2), inner),
            )
        )
    return CutPositions(shown, parts[0], parts[1], NO_TRIAL)


def _sized(size: Array, possible: NDArray[np.bool_], digits: int) -> Nested:
    whole, time = rounded(size[:, :3], 0), rounded(size[:, 3], digits)
    return _known([[*row, last] for row, last in zip(whole, time, strict=True)], possible)


def _known(rows: Nested, possible: NDArray[np.bool_]) -> Nested:
    return [row if known else None for row, known in zip(rows, possible, strict=True)]


def _nested(rows: Nested, shape: tuple[int, ...]) -> Nested:
    """Fold a list into lists of lists of `shape`."""
    for length in shape[:0:-1]:
        rows = [rows[start : start + length] for start in range(0, len(rows), length)]
    return rows


def rounded(values: Array, digits: int) -> Nested:
    """Round to the digits that are shown.

    Parameters
    ----------
    values
        Numbers in any shape.
    digits
        Decimals; with 0 the numbers are whole.

    Returns
    -------
    list
        Lists of the same shape; None where a number is not finite.
    """
    if values.ndim > 1:
        return [rounded(row, digits) for row in values]
    plain = (float(value) for value in values)
    return [(round(value, digits or None) if math.isfinite(value) else None) for value in plain]
