"""Everything a trial designer asks of one score, as one dictionary: the command prints it, a notebook reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError, require_range
from stratomics.enrichment.caveats import caveats
from stratomics.enrichment.effects.benefit_calibration import (
    benefit_by_quantile,
    best_linear_predictor,
    c_for_benefit,
    policy_value,
)
from stratomics.enrichment.effects.cross_fitted import estimand, ranks_within_folds
from stratomics.enrichment.effects.effect import Measure, measure_of
from stratomics.enrichment.effects.horizon import checked_horizon, furthest_horizon
from stratomics.enrichment.effects.propensity import interpretation_of, overlap_of
from stratomics.enrichment.effects.pseudo_outcomes import PseudoOutcomes, pseudo_outcomes
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.selection.cut_search import DRAWS, CutSearch, search_cuts
from stratomics.enrichment.selection.cuts import Cuts
from stratomics.enrichment.selection.heterogeneity import evidence_of
from stratomics.enrichment.selection.subgroup import Subgroup
from stratomics.enrichment.selection.targeting_curve import rate_of
from stratomics.enrichment.selection.threshold_table import (
    Costs,
    ThresholdRow,
    median_follow_up,
    threshold_table,
)
from stratomics.enrichment.selection.utility import utility_of

__all__ = ["Score", "enrich", "left_out", "lock"]

Array = NDArray[np.float64]

ONE_CUT = 2
"""Cuts from which on there is a choice among them."""
FEWEST_DRAWS = 20
"""Below it no quantile means anything."""


@dataclass(frozen=True)
class Score:
    """What patients are ordered by, higher for those who are to benefit.

    Attributes
    ----------
    name
        For people.
    value, fold
        (repeats, n) each: scores compare patients within a fold of a repeat.
    learned
        Whether a model made it, cross-fitted; otherwise a marker that was there before.
    model
        Digest of that model.
    """

    name: str
    value: Array
    fold: NDArray[np.int64]
    learned: bool = False
    model: str = ""

    @classmethod
    def marker(cls, name: str, value: Array) -> Score:
        """Build from the raw values (n,) of a marker."""
        return cls(name, value[None], np.zeros((1, len(value)), dtype=np.int64))


def enrich(
    trial: Trial,
    score: Score,
    cuts: Cuts,
    *,
    measure: str | None = None,
    horizon: float | None = None,
    follow_up: float | None = None,
    covariates: Array | None = None,
    toxic: NDArray[np.bool_] | None = None,
    costs: Costs | None = None,
    looked_at: int = 1,
    seed: int = 0,
    draws: int = DRAWS,
) -> dict[str, Any]:
    """Answer who should be enrolled by a score, what may be expected in them, and how sure that is.

    Parameters
    ----------
    trial, score, cuts
        The patients, what orders them, and whom each cut takes.
    measure
        Name of a measure of effect; the first of the kind of endpoint if left out.
    horizon
        Time to which survival counts; that of `follow_up` if left out, or the furthest that the trial can see.
    follow_up
        Of the coming trial; the median of this one if left out.
    covariates
        (n, p) of the nuisances, and of the propensity where the trial is not randomised.
    toxic
        (n,) bool, to weigh benefit against risk.
    costs
        Of screening and of a patient.
    looked_at
        Scores that were looked at altogether, this one among them.
    seed, draws
        Of resamples and permutations, and their number.

    Returns
    -------
    dict
        ``standing`` (what a difference between arms means), ``rows`` (the threshold table), ``best`` (place of the cut
        chosen) and ``search`` (the price of that choice), ``rate`` with ``evidence``, ``subgroup`` (the rule),
        ``warnings``: plain numbers and text. Of a learned score also the ``estimand`` of its effects, the ``line``,
        ``quantiles`` and ``policy`` of the predicted benefit, and ``c_for_benefit``, on which nothing is selected.
    """
    require_range("draws", draws, FEWEST_DRAWS)
    if trial.is_survival:
        follow_up = median_follow_up(trial.survival) if follow_up is None else follow_up
        # Beyond the end of the coming trial nobody asks.
        horizon = checked_horizon(
            trial, min(follow_up, furthest_horizon(trial)) if horizon is None else horizon
        )
    laid = measure_of(trial, measure, float("nan") if horizon is None else horizon)
    pseudo = pseudo_outcomes(trial, covariates, horizon=horizon, seed=seed)
    rate = rate_of(pseudo.value, _priority(score), seed)
    values, chosen = cuts
    rows = threshold_table(trial, laid, cuts, follow_up, costs)
    search = search_cuts(laid, chosen, seed, draws) if len(values) >= ONE_CUT else None
    best = 0 if search is None else search.best
    evidence = evidence_of({score.name: rate}, looked_at)[0]
    answer: dict[str, Any] = {
        "score": score.name,
        "patients": len(trial),
        "treated": int(trial.treated.sum()),
        "events": int(trial.outcome.label.sum()),
        "standing": interpretation_of(trial),
        "measure": laid.name,
        "measure_label": laid.label,
        "follow_up": follow_up,
        "rows": [asdict(row) for row in rows],
        "best": best,
        "search": None if search is None else _searched(search, laid, values),
        "benefit": _benefit(pseudo),
        "rate": {key: value for key, value in asdict(rate).items() if key != "curve"},
        "evidence": asdict(evidence),
        "subgroup": asdict(_subgroup(score, cuts, rows[1 + best], best, search)),
        "warnings": caveats(trial, laid, pseudo, search, len(score.value) if score.learned else None),
    }
    if score.learned:
        answer |= _learned(trial, score, pseudo)
    if trial.randomised == "no":
        answer["overlap"] = asdict(overlap_of(trial, pseudo.probability))
    if toxic is not None:
        weighed = measure_of(trial, "survival" if trial.is_survival else None, follow_up or float("nan"))
        answer["utility"] = [
            {"cut": float(value), **asdict(utility_of(weighed, trial.treated, toxic, inside))}
            for value, inside in zip(values, chosen, strict=True)
        ]
    return answer


def _priority(score: Score) -> Array:
    return ranks_within_folds(score.value, score.fold) if score.learned else score.value


def _searched(search: CutSearch, measure: Measure, values: Array) -> dict[str, Any]:
    content = asdict(search)
    del content["best"], content["estimate"]
    best = measure.effect(search.estimate, search.apparent.se, search.simultaneous)
    frequency = {f"{value:g}": share for value, share in zip(values, search.chosen, strict=True)}
    return {"cut": float(values[search.best]), "at_once": asdict(best), **content, "chosen": frequency}


def _benefit(pseudo: PseudoOutcomes) -> dict[str, Any]:
    return {
        "average": asdict(pseudo.average),
        "horizon": pseudo.horizon,
        "truncated": pseudo.truncated,
        "effective_control": pseudo.effective[0],
        "effective_treated": pseudo.effective[1],
    }


def _learned(trial: Trial, score: Score, pseudo: PseudoOutcomes) -> dict[str, Any]:
    """Say whether the benefit that a model predicts comes true, on patients it did not see."""
    predicted = score.value.mean(axis=0)
    line = best_linear_predictor(pseudo.value, predicted)
    groups = benefit_by_quantile(pseudo.value, predicted)
    return {
        "estimand": estimand("effect", len(score.value)),
        "line": asdict(line) | {"credible": line.credible},
        "quantiles": [{"predicted": p, "observed": asdict(effect)} for p, effect in groups],
        "policy": asdict(policy_value(pseudo.value, predicted > 0)),
        "c_for_benefit": c_for_benefit(pseudo.outcome, trial.treated, predicted),
    }


def _subgroup(score: Score, cuts: Cuts, row: ThresholdRow, best: int, search: CutSearch | None) -> Subgroup:
    values, chosen = cuts
    value = float(values[best])
    if score.learned:
        # One cut on the scale of the model of all patients: the middle of those of the cross-fits.
        value = float(np.median(np.quantile(score.value, 1.0 - value, axis=1)))
    effects, how = {"inside": asdict(row.inside)}, "the only cut that was looked at"
    if search is not None:
        effects["inside, without the optimism of choosing (out of bag)"] = asdict(search.out_of_bag)
        how = f"the strongest interaction of {len(values)} cuts, permutation p {search.p_adjusted:.2g}"
    return Subgroup(
        score.name,
        value,
        model=score.model,
        # Effects are of patients whom the model scored by the views that they had.
        missing="score" if score.learned else "abstain",
        prevalence=float(chosen[best].mean()),
        chosen_by=how,
        effects=effects,
    )


def left_out(patients: int) -> list[str]:
    """Say how many patients are not in the comparison, if any."""
    return [f"{patients} patients are left out: of other arms, or without the endpoint"] if patients else []


def lock(answer: Mapping[str, Any]) -> Subgroup:
    """Give the rule of an answer, ready to be saved.

    Raises
    ------
    DataError
        If the answer holds no rule.
    """
    if "subgroup" not in answer:
        raise DataError("this answer holds no rule; prognostic enrichment locks none")
    return Subgroup(**answer["subgroup"])
