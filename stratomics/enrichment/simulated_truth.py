"""Compare the findings in a simulated cohort with its truth, which is unknown for a real cohort."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.survival.time_unit import duration
from omics.common.seeds import named_generator
from omics.simulate.truth import Truth
from omics.simulate.write_folder import has_truth, read_truth
from stratomics.enrichment.effects.two_arm_cox import two_arm_cox
from stratomics.enrichment.selection.cuts import Score

__all__ = ["SimulatedTruth", "simulated_truth"]

Array = NDArray[np.float64]

COPIES = 50
"""Copies of each patient under each arm, from which the true hazard ratio of a group is computed."""


@dataclass(frozen=True)
class SimulatedTruth:
    """Truth of a simulated cohort.

    Attributes
    ----------
    correlation
        Between predicted and true benefit.
    benefit, measure
        What the benefit is, and the measure of the effects below, in words.
    inside, outside, all_patients
        True effects inside and outside of the rules that were applied (means over cross-fits), and in all patients.
    """

    correlation: float
    benefit: str
    measure: str
    inside: float
    outside: float
    all_patients: float


def simulated_truth(
    source: str,
    sample_ids: NDArray[np.str_],
    score: Score,
    chosen: NDArray[np.bool_],
    follow_up: float | None,
    seed: int,
) -> SimulatedTruth | None:
    """Read the truth of a simulated cohort, and compute the true effects in a subgroup.

    Parameters
    ----------
    source
        Folder or ``.h5mu`` file of the cohort.
    sample_ids, score, chosen
        Patients (n,), their predicted benefit, and the patients chosen by each cross-fit, (repeats, n).
    follow_up
        Follow-up of the coming trial; None for a response.
    seed
        Seed of the copies.

    Returns
    -------
    SimulatedTruth or None
        None for a cohort that was not simulated.
    """
    if not has_truth(source):
        return None
    truth = read_truth(source)
    place = {sample: row for row, sample in enumerate(truth.sample_id)}
    rows = np.array([place[sample] for sample in sample_ids])
    benefit = (truth.benefit_response if follow_up is None else truth.benefit_rmst)[rows]
    predicted = score.value.mean(axis=0)
    effect = _mean(benefit) if follow_up is None else _hazard_ratio(truth, rows, follow_up, seed)
    return SimulatedTruth(
        correlation=float(np.corrcoef(predicted, benefit)[0, 1]),
        benefit="probability of response"
        if follow_up is None
        else f"days lived in the first {duration(truth.horizon, 'days')}",
        measure="difference of the response rate" if follow_up is None else "hazard ratio",
        inside=effect(chosen),
        outside=effect(~chosen),
        all_patients=effect(np.ones((1, len(rows)), dtype=np.bool_)),
    )


def _mean(benefit: Array) -> Callable[[NDArray[np.bool_]], float]:
    return lambda chosen: float(np.mean([benefit[one].mean() for one in chosen]))


def _hazard_ratio(
    truth: Truth, rows: NDArray[np.int64], follow_up: float, seed: int
) -> Callable[[NDArray[np.bool_]], float]:
    """Cox's hazard ratio in many copies of the patients under both arms, with the follow-up of the coming trial."""
    log_hazard = np.repeat(truth.log_hazard[rows][:, [0, -1]], COPIES, axis=0)
    exposure = named_generator(seed, "copies").standard_exponential(log_hazard.shape)
    time = truth.weibull_scale * (exposure / np.exp(log_hazard)) ** (1.0 / truth.weibull_shape)
    event, seen = (time <= follow_up).T.ravel(), np.minimum(time, follow_up).T.ravel()
    treated = np.repeat([False, True], len(log_hazard))

    def effect(chosen: NDArray[np.bool_]) -> float:
        count = np.tile(np.repeat(chosen.astype(np.float64), COPIES, axis=1), 2)
        return float(np.exp(two_arm_cox(treated, event, seen, count)[0].mean()))

    return effect
