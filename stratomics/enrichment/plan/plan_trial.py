"""From the answer of a run to its trial: the honest effects of the subgroup, by kind of endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stratomics.enrichment.effects.cross_fitted import mean_over_repeats
from stratomics.enrichment.effects.effect import Measure, measure_of
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.plan.response_plan import plan_response
from stratomics.enrichment.plan.survival_plan import Chosen, plan_survival
from stratomics.enrichment.plan.trial_assumptions import TrialRequest
from stratomics.runs.run_directory import RunDirectory

__all__ = ["chosen_of", "effect_on", "plan_of", "response_rates"]

Content = Mapping[str, Any]


def chosen_of(
    run: RunDirectory,
    trial: Trial,
    ids: NDArray[np.str_],
    chosen: NDArray[np.bool_],
    answer: Content,
    arms: str,
) -> Chosen:
    """Give the subgroup of an answer with honest effects, on the scale that trials are sized by.

    The effect inside is that without the optimism of choosing the cut (out of bag); where the cut was chosen by another
    measure than trials are sized by, no correction is known, and the source says so.
    """
    measure = measure_of(trial)
    inside, outside = (effect_on(measure, side) for side in (chosen, ~chosen))
    source = f"mean over {len(chosen)} cross-fits of rules applied to patients they were not learned from"
    if answer["search"] is not None and answer["measure"] == measure.name:
        inside = answer["search"]["out_of_bag"]
        source += ", without the optimism of choosing the cut (out of bag)"
    elif answer["search"] is not None:
        source += (
            f"; not corrected for the choice of the cut, which was made by the {answer['measure_label']}"
        )
    rule, unit = answer["subgroup"], getattr(trial.outcome, "unit", "")
    endpoint = f"{run.endpoint}, in {unit}" if trial.is_survival and unit else run.endpoint
    label = f"{rule['score']} {rule['direction']} {rule['cut']:.4g}"
    return Chosen(label, arms, endpoint, ids, chosen, inside, outside, source)


def effect_on(measure: Measure, chosen: NDArray[np.bool_]) -> dict[str, float]:
    """Effect in those chosen, (repeats, n): estimate, low, high, se; the mean over repeats."""
    values, errors = mean_over_repeats(measure.effects(chosen.astype(np.float64)), len(chosen))
    effect = measure.effect(float(values[0]), float(errors[0]))
    return {"estimate": effect.estimate, "low": effect.low, "high": effect.high, "se": effect.se}


def _survival(
    run: RunDirectory,
    trial: Trial,
    subgroup: Chosen,
    request: TrialRequest,
    follow_up: float | None,
    seed: int,
) -> dict[str, Any]:
    curves = run.predictions["stratomics"].survival
    return plan_survival(subgroup, trial.survival, curves, request, follow_up, seed)


def _response(
    run: RunDirectory,
    trial: Trial,
    subgroup: Chosen,
    request: TrialRequest,
    follow_up: float | None,
    seed: int,
) -> dict[str, Any]:
    del run, follow_up
    return plan_response(subgroup, response_rates(trial, subgroup.chosen), request, seed)


def response_rates(trial: Trial, chosen: NDArray[np.bool_]) -> tuple[float, float]:
    """Response rate of the controls inside and outside, means over repeats."""
    positive, control = trial.response.positive, ~trial.treated
    inside, outside = (
        float(np.mean([positive[one & control].mean() for one in side])) for side in (chosen, ~chosen)
    )
    return inside, outside


PLANS: dict[str, Callable[..., dict[str, Any]]] = {"survival": _survival, "response": _response}
"""Kind of endpoint -> its plan."""


def plan_of(
    run: RunDirectory,
    trial: Trial,
    subgroup: Chosen,
    request: TrialRequest,
    follow_up: float | None,
    seed: int,
) -> dict[str, Any]:
    """Plan the trial that follows, by the kind of endpoint that decided."""
    return PLANS[run.kind](run, trial, subgroup, request, follow_up, seed)
