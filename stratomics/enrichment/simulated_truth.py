"""Of a simulated cohort, the truth next to what was found: nobody knows it of a real one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omics.common.seeds import named_generator
from omics.simulate.truth import Truth
from omics.simulate.write_folder import read_truth
from stratomics.enrichment.analysis import Score
from stratomics.enrichment.effects.two_arm_cox import two_arm_cox

__all__ = ["simulated_truth"]

Array = NDArray[np.float64]

COPIES = 50
"""Of each patient under each arm, from which the true hazard ratio of a group is taken."""


def simulated_truth(
    source: str,
    sample_ids: NDArray[np.str_],
    score: Score,
    chosen: NDArray[np.bool_],
    answer: dict[str, Any],
    seed: int,
) -> dict[str, Any] | None:
    """Lay the truth of a simulated cohort beside an answer; None of a cohort that knows none.

    Parameters
    ----------
    source
        Where the cohort came from.
    sample_ids, score, chosen
        Patients (n,), their predicted benefit, and whom each cross-fit took, (repeats, n).
    answer
        Of :func:`stratomics.enrichment.analysis.enrich`.
    seed
        Of the copies.

    Returns
    -------
    dict
        ``correlation`` of predicted and true benefit, ``measure``, and the true effect ``inside`` and ``outside`` of
        the rules that were applied, the mean over cross-fits.
    """
    if not (Path(source) / "truth").is_dir():
        return None
    truth = read_truth(source)
    place = {sample: row for row, sample in enumerate(truth.sample_id)}
    rows = np.array([place[sample] for sample in sample_ids])
    survives = answer["follow_up"] is not None
    benefit = (truth.benefit_rmst if survives else truth.benefit_response)[rows]
    predicted = score.value.mean(axis=0)
    measure = "hazard ratio" if survives else "difference of the response rate"
    effects = _hazard_ratios(truth, rows, answer["follow_up"], seed) if survives else _mean(benefit)
    return {
        "correlation": float(np.corrcoef(predicted, benefit)[0, 1]),
        "benefit": f"days lived up to {truth.horizon:g}" if survives else "probability of response",
        "measure": measure,
        "inside": effects(chosen),
        "outside": effects(~chosen),
        "everybody": effects(np.ones((1, len(rows)), dtype=np.bool_)),
    }


def _mean(benefit: Array) -> Any:
    return lambda chosen: float(np.mean([benefit[one].mean() for one in chosen]))


def _hazard_ratios(truth: Truth, rows: NDArray[np.int64], follow_up: float, seed: int) -> Any:
    """Cox's hazard ratio in many copies of the patients under both arms, followed as long as the coming trial's."""
    log_hazard = np.repeat(truth.log_hazard[rows][:, [0, -1]], COPIES, axis=0)
    exposure = named_generator(seed, "copies").standard_exponential(log_hazard.shape)
    time = truth.weibull_scale * (exposure / np.exp(log_hazard)) ** (1.0 / truth.weibull_shape)
    event, seen = (time <= follow_up).T.ravel(), np.minimum(time, follow_up).T.ravel()
    treated = np.repeat([False, True], len(log_hazard))

    def effect(chosen: NDArray[np.bool_]) -> float:
        count = np.tile(np.repeat(chosen.astype(np.float64), COPIES, axis=1), 2)
        return float(np.exp(two_arm_cox(treated, event, seen, count)[0].mean()))

    return effect
