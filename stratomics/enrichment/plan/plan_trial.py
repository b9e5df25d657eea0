"""Plan the trial that follows from the subgroup of a run, by the kind of its endpoint."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from stratomics.enrichment.effects.cross_fitted import mean_over_repeats
from stratomics.enrichment.effects.effect import Effect, Measure, measure_of
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.from_run import RunTrial
from stratomics.enrichment.plan.planned_trials import PlannedTrials
from stratomics.enrichment.plan.response_plan import plan_response
from stratomics.enrichment.plan.survival_plan import plan_survival
from stratomics.enrichment.plan.trial_assumptions import TrialRequest
from stratomics.enrichment.selection.cut_search import CutSearch
from stratomics.enrichment.selection.subgroup import SizingEffects, Subgroup
from stratomics.runs.run_directory import RunDirectory

__all__ = ["effect_on", "plan_of", "response_rates", "with_sizing"]


def with_sizing(
    subgroup: Subgroup, trial: Trial, members: NDArray[np.bool_], search: CutSearch | None, measure: Measure
) -> Subgroup:
    """Add to a subgroup its members, and the effects by which a trial is sized.

    The effect inside is corrected for the choice of the cut (out of bag). Where the cut was chosen by another measure
    than the one that sizes trials, no correction is known, and the source says so.

    Parameters
    ----------
    subgroup
        The locked rule.
    trial
        n patients.
    members
        (repeats, n) patients whom each cross-fitted rule selects.
    search
        The choice of the cut; None if only one cut was considered.
    measure
        Measure of effect by which the cut was chosen.

    Returns
    -------
    Subgroup
        A copy.
    """
    sizing = measure_of(trial)
    inside, outside = (effect_on(sizing, side) for side in (members, ~members))
    source = f"mean over {len(members)} cross-fits of rules applied to patients they were not fitted to"
    if search is not None and measure.name == sizing.name:
        inside = search.out_of_bag
        source += ", corrected for the choice of the cut (out of bag)"
    elif search is not None:
        source += f"; not corrected for the choice of the cut, which was made by the {measure.label}"
    return replace(subgroup, members=members, sizing=SizingEffects(inside, outside, source))


def effect_on(measure: Measure, chosen: NDArray[np.bool_]) -> Effect:
    """Estimate the effect in the patients chosen by cross-fitted rules.

    Parameters
    ----------
    measure
        Measure of effect in the trial.
    chosen
        (repeats, n) whether a rule chooses a patient.

    Returns
    -------
    Effect
        Mean over repeats.
    """
    values, errors = mean_over_repeats(measure.effects(chosen.astype(np.float64)), len(chosen))
    return measure.effect(float(values[0]), float(errors[0]))


def response_rates(trial: Trial, chosen: NDArray[np.bool_]) -> tuple[float, float]:
    """Response rates of the controls inside and outside of a subgroup.

    Parameters
    ----------
    trial
        n patients.
    chosen
        (repeats, n) whether a rule chooses a patient.

    Returns
    -------
    tuple
        Rates inside and outside, means over repeats.
    """
    positive, control = trial.response.positive, ~trial.treated
    inside, outside = (
        float(np.mean([positive[one & control].mean() for one in side])) for side in (chosen, ~chosen)
    )
    return inside, outside


def plan_of(
    run: RunDirectory,
    of_run: RunTrial,
    subgroup: Subgroup,
    request: TrialRequest,
    follow_up: float | None,
    seed: int,
) -> PlannedTrials:
    """Plan the trial that follows.

    Parameters
    ----------
    run
        A finished run of two arms or more.
    of_run
        Its trial.
    subgroup
        The patients to enrol, with sizing effects.
    request
        What the trial designer specifies.
    follow_up
        Follow-up of the last patient of a survival endpoint; the median of the cohort if None.
    seed
        Seed of the virtual trials.

    Returns
    -------
    PlannedTrials
        Four designs for survival, two for a response.
    """
    if of_run.trial.is_survival:
        curves = run.predictions["stratomics"].survival
        return plan_survival(subgroup, of_run, curves, request, follow_up, seed)
    members, _ = subgroup.sized()
    return plan_response(subgroup, of_run, response_rates(of_run.trial, members), request, seed)
