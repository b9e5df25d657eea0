"""Enrich a trial by one score: the threshold table, the choice of a cut, and the evidence for it."""

from __future__ import annotations

from typing import TypedDict, Unpack

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
from stratomics.enrichment.effects.effect import measure_of
from stratomics.enrichment.effects.horizon import checked_horizon, furthest_horizon
from stratomics.enrichment.effects.propensity import interpretation_of, overlap_of
from stratomics.enrichment.effects.pseudo_outcomes import PseudoOutcomes, pseudo_outcomes
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.result import (
    BenefitChecks,
    CalibrationLine,
    CutUtility,
    EnrichmentResult,
    MeanBenefit,
    QuantileBenefit,
)
from stratomics.enrichment.selection.adaptive_signature import SignatureTest, signature_test
from stratomics.enrichment.selection.cut_search import DRAWS, CutSearch, search_cuts
from stratomics.enrichment.selection.cuts import Cuts, Score
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

__all__ = ["EnrichOptions", "enrich", "excluded_patients"]

Array = NDArray[np.float64]

FEWEST_DRAWS = 20
"""Fewer draws do not support quantiles."""


class EnrichOptions(TypedDict, total=False):
    """Options of :func:`enrich` that are the same for a table and for a run."""

    measure: str | None
    horizon: float | None
    follow_up: float | None
    costs: Costs | None
    looked_at: int
    signature: float | None
    seed: int
    draws: int


def enrich(
    trial: Trial,
    score: Score,
    cuts: Cuts,
    *,
    covariates: Array | None = None,
    toxic: NDArray[np.bool_] | None = None,
    **options: Unpack[EnrichOptions],
) -> EnrichmentResult:
    """Find the patients to enrol by a score, the effect to expect in them, and the evidence for it.

    Parameters
    ----------
    trial, score, cuts
        n patients, what orders them, and the patients inside each cut.
    covariates
        (n, p) covariates of the outcome models, of the signature, and of the propensity where the trial is not
        randomised.
    toxic
        (n,) whether a patient had toxicity, to weigh benefit against harm.
    **options
        ``measure``: name of a measure of effect; the first for the kind of endpoint by default.
        ``horizon``: time up to which survival counts; the smaller of `follow_up` and the last time that the trial can
        estimate by default.
        ``follow_up``: of the coming trial; the median of this trial by default.
        ``costs``: of screening and of a patient.
        ``looked_at``: number of scores examined, this one included.
        ``signature``: share of the patients in the group of an adaptive signature design on `covariates`; without it
        the design is left out.
        ``seed``, ``draws``: seed of resamples and permutations, and their number.

    Returns
    -------
    EnrichmentResult
        The threshold table, the chosen cut with its corrected effect, the evidence, and the rule to lock.

    Raises
    ------
    DataError
        If `draws` is too small, or the patients do not allow an estimate.

    Examples
    --------
    >>> from omics.cohort.endpoints import Response
    >>> from stratomics.enrichment.selection.cuts import marker_cuts
    >>> rng = np.random.default_rng(0)
    >>> treated, marker = np.arange(200) % 2 == 0, rng.normal(size=200)
    >>> positive = rng.random(200) < np.where(treated & (marker > 0), 0.7, 0.3)
    >>> trial = Trial(treated, Response(positive, np.ones(200, dtype=bool)))
    >>> result = enrich(trial, Score.marker("marker", marker), marker_cuts(trial, marker, [0.0]), draws=20)
    >>> result.subgroup.rule, result.chosen.inside.estimate > 0.2
    ('marker above 0', True)
    """
    seed, draws = options.get("seed", 0), options.get("draws", DRAWS)
    horizon, follow_up = options.get("horizon"), options.get("follow_up")
    require_range("draws", draws, FEWEST_DRAWS)
    if trial.is_survival:
        follow_up = median_follow_up(trial.survival) if follow_up is None else follow_up
        # Nothing is estimated beyond the end of the coming trial.
        horizon = checked_horizon(
            trial, min(follow_up, furthest_horizon(trial)) if horizon is None else horizon
        )
    measure = measure_of(trial, options.get("measure"), float("nan") if horizon is None else horizon)
    pseudo = pseudo_outcomes(trial, covariates, horizon=horizon, seed=seed)
    rate = rate_of(pseudo.value, _priority(score), seed)
    rows = threshold_table(trial, measure, cuts, follow_up, options.get("costs"))
    search = search_cuts(measure, cuts, seed, draws) if len(cuts) > 1 else None
    best = 0 if search is None else search.best
    return EnrichmentResult(
        score=score.name,
        patients=len(trial),
        treated=int(trial.treated.sum()),
        events=int(trial.outcome.label.sum()),
        interpretation=interpretation_of(trial),
        measure=measure.name,
        measure_label=measure.label,
        follow_up=follow_up,
        rows=tuple(rows),
        best=best,
        search=search,
        benefit=MeanBenefit(pseudo.average, pseudo.horizon, pseudo.truncated, *pseudo.effective),
        rate=rate,
        evidence=evidence_of({score.name: rate}, options.get("looked_at", 1))[0],
        subgroup=_subgroup(score, cuts, rows[1 + best], best, search),
        warnings=tuple(caveats(trial, measure, pseudo, search, len(score.value) if score.learned else None)),
        checks=_checks(trial, score, pseudo) if score.learned else None,
        overlap=overlap_of(trial, pseudo.probability) if trial.randomised == "no" else None,
        utility=None if toxic is None else _utility(trial, cuts, toxic, horizon),
        signature=_signature(trial, covariates, pseudo.horizon, options.get("signature"), seed, draws),
    )


def _priority(score: Score) -> Array:
    return ranks_within_folds(score.value, score.fold) if score.learned else score.value


def _checks(trial: Trial, score: Score, pseudo: PseudoOutcomes) -> BenefitChecks:
    """Compare the benefit that a model predicts out of fold with the doubly robust benefit."""
    predicted = score.value.mean(axis=0)
    line = best_linear_predictor(pseudo.value, predicted)
    groups = benefit_by_quantile(pseudo.value, predicted)
    return BenefitChecks(
        estimand=estimand("effect", len(score.value)),
        line=CalibrationLine(line.mean, line.slope, line.credible),
        quantiles=tuple(QuantileBenefit(mean, effect) for mean, effect in groups),
        policy=policy_value(pseudo.value, predicted > 0),
        c_for_benefit=c_for_benefit(pseudo.outcome, trial.treated, predicted),
    )


def _utility(
    trial: Trial, cuts: Cuts, toxic: NDArray[np.bool_], horizon: float | None
) -> tuple[CutUtility, ...]:
    measure = measure_of(trial, "survival" if trial.is_survival else None, horizon or float("nan"))
    return tuple(
        CutUtility(float(value), utility_of(measure, trial.treated, toxic, members))
        for value, members in zip(cuts.values, cuts.members, strict=True)
    )


def _signature(
    trial: Trial, covariates: Array | None, horizon: float | None, share: float | None, seed: int, draws: int
) -> SignatureTest | None:
    if share is None:
        return None
    if covariates is None:
        raise DataError("a signature needs covariates; name them, or leave the signature out")
    return signature_test(trial, covariates, share, np.inf if horizon is None else horizon, seed, draws)


def _subgroup(score: Score, cuts: Cuts, row: ThresholdRow, best: int, search: CutSearch | None) -> Subgroup:
    value = float(cuts.values[best])
    if score.learned:
        # One cut on the scale of the final model: the median of the cuts of the cross-fits.
        value = float(np.median(np.quantile(score.value, 1.0 - value, axis=1)))
    effects, how = {"inside": row.inside}, "the only cut considered"
    if search is not None:
        effects["inside, without the optimism of choosing (out of bag)"] = search.out_of_bag
        how = f"the strongest interaction of {len(cuts)} cuts, permutation p {search.p_adjusted:.2g}"
    return Subgroup(
        score.name,
        value,
        model=score.model,
        # The effects are those of patients whom the model scored by the views they had.
        missing="score" if score.learned else "abstain",
        prevalence=float(cuts.members[best].mean()),
        chosen_by=how,
        effects=effects,
        members=cuts.members[best],
    )


def excluded_patients(patients: int) -> tuple[str, ...]:
    """Say how many patients are excluded from the comparison; empty if none are."""
    if not patients:
        return ()
    return (f"{patients} patients are excluded: they are in other arms, or the endpoint is missing",)
