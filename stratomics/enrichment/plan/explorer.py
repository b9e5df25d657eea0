"""What a trial designer may turn to and fro, worked out beforehand: every number that the explorer of the report shows.

A position is a place on each scale: threshold, prevalence, sensitivity, specificity, cost of screening, weight of
toxicity. Nothing lies between two places, so that nothing is interpolated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DesignError
from stratomics.enrichment.design.assay import Assay
from stratomics.enrichment.effects.effect import Measure, measure_of
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.plan.cut_trials import cut_trials
from stratomics.enrichment.plan.explorer_text import explorer_sentences
from stratomics.enrichment.plan.plan_trial import effect_on
from stratomics.enrichment.plan.survival_plan import MOST, Chosen
from stratomics.enrichment.plan.trial_assumptions import TrialRequest
from stratomics.enrichment.selection.cuts import Cuts
from stratomics.enrichment.selection.utility import utility_of
from stratomics.runs.run_directory import RunDirectory

__all__ = ["ODDS", "explorer_table"]

Array = NDArray[np.float64]
Content = Mapping[str, Any]

ODDS = (1 / 3, 1 / 2, 2 / 3, 1.0, 3 / 2, 2.0, 3.0)
"""Of belonging inside, among the candidates to come, in units of those in the cohort."""
SHARES = (0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Sensitivities and specificities."""
SCREENING = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""Cost of a test, in costs of a patient."""
WEIGHTS = tuple(step / 4 for step in range(9))
"""How much of an efficacious outcome a toxic event undoes."""
WEIGHT = 1.0
LARGE = 100.0
"""Costs and times from which on the whole number says enough."""

NO_TRIAL = f"there is no benefit to show in those enrolled, or one so small that it takes more than {MOST:,} patients"


def explorer_table(
    run: RunDirectory,
    trial: Trial,
    subgroup: Chosen,
    cuts: Cuts,
    thresholds: Array,
    answer: Content,
    *,
    request: TrialRequest,
    follow_up: float | None = None,
    toxic: NDArray[np.bool_] | None = None,
) -> dict[str, Any]:
    """Work out the table behind the explorer, ``explorer.json``.

    Parameters
    ----------
    run, trial
        The patients.
    subgroup
        Of the cut that was chosen, with honest effects.
    cuts, thresholds
        All cuts, and each on the scale of the score (cuts,).
    answer
        Of :func:`stratomics.enrichment.run_analysis.enrich_run`, as far as it has come.
    asked, follow_up
        What the coming trial should be; the effect that `request` plans for is left to the plan.
    toxic
        (n,) where it is known.

    Returns
    -------
    dict
        ``scales`` (name -> places), ``start`` (name -> place), ``cuts`` (a row each), ``prevalence`` (cuts, odds),
        ``enriched`` and ``everybody`` (``effect``, ``size`` of events, patients, screened and duration, ``cost`` by
        cost of screening; nested in the order threshold, prevalence, sensitivity, specificity; null where there is no
        trial), ``utility`` (None without toxicity), ``found`` in everybody, ``notes``. Numbers are
        rounded to the digits that are shown.
    """
    best, measure = answer["best"], measure_of(trial)
    corrected = [
        subgroup if k == best else _corrected(subgroup, measure, chosen, cuts[1][best])
        for k, chosen in enumerate(cuts[1])
    ]
    scales = _scales(cuts[0], request, toxic)
    digits = {"cost": 0 if request.patient >= LARGE else 1, "duration": 0}
    if follow_up is None:
        follow_up = answer["follow_up"]
    if follow_up is None or follow_up < LARGE:
        digits["duration"] = 1
    parts = [_cut(run, trial, one, scales, request, follow_up, digits) for one in corrected]
    return {
        "measure": answer["measure_label"],
        "planned": measure.label,
        "ratio": measure.ratio,
        "survives": trial.is_survival,
        "unit": getattr(trial.outcome, "unit", ""),
        "score": answer["score"],
        "total": len(trial),
        "found": _effect(answer["rows"][0]["inside"]),
        "power": request.power,
        "alpha": request.alpha,
        "patient": request.patient,
        "digits": digits,
        "scales": scales,
        "start": _start(scales, best, request),
        "cuts": [
            _shown_cut(answer, k, float(thresholds[k]), one, part["why"])
            for k, (one, part) in enumerate(zip(corrected, parts, strict=True))
        ],
        "prevalence": [part["prevalence"] for part in parts],
        **{
            who: {key: [part[who][key] for part in parts] for key in ("effect", "size", "cost")}
            for who in ("enriched", "everybody")
        },
        "utility": None if toxic is None else _utility(trial, cuts, toxic, answer["follow_up"]),
        "notes": explorer_sentences(subgroup.source, measure, request, toxic is not None),
    }


def _corrected(
    subgroup: Chosen, measure: Measure, chosen: NDArray[np.bool_], best: NDArray[np.bool_]
) -> Chosen:
    """Take off the effect of another cut what was taken off that of the chosen one, and widen it as much."""
    scale = np.log if measure.ratio else float
    apparent, inside = effect_on(measure, best), effect_on(measure, chosen)
    optimism = float(scale(apparent["estimate"])) - float(scale(subgroup.inside["estimate"]))
    se = inside["se"] * subgroup.inside["se"] / apparent["se"]
    effect = measure.effect(float(scale(inside["estimate"])) - optimism, se)
    honest = {"estimate": effect.estimate, "low": effect.low, "high": effect.high, "se": effect.se}
    return replace(subgroup, chosen=chosen, inside=honest, outside=effect_on(measure, ~chosen))


def _scales(cuts: Array, request: TrialRequest, toxic: NDArray[np.bool_] | None) -> dict[str, list[float]]:
    screening = {share * request.patient for share in SCREENING} | {request.test}
    return {
        "threshold": [float(cut) for cut in cuts],
        "prevalence": list(ODDS),
        "sensitivity": sorted({*SHARES, request.sensitivity}),
        "specificity": sorted({*SHARES, request.specificity}),
        "screening": sorted(screening),
        "weight": [] if toxic is None else list(WEIGHTS),
    }


def _start(scales: Mapping[str, list[float]], best: int, request: TrialRequest) -> dict[str, int]:
    asked_for = {
        "prevalence": 1.0,
        "sensitivity": request.sensitivity,
        "specificity": request.specificity,
        "screening": request.test,
        "weight": WEIGHT,
    }
    places = {name: scales[name].index(value) for name, value in asked_for.items() if scales[name]}
    return {"threshold": best, **places}


def _cut(
    run: RunDirectory,
    trial: Trial,
    subgroup: Chosen,
    scales: Mapping[str, list[float]],
    request: TrialRequest,
    follow_up: float | None,
    digits: Mapping[str, int],
) -> dict[str, Any]:
    """Trials of one cut, at each prevalence with each assay, and beside it that of all comers at each prevalence."""
    odds = np.array(ODDS) * subgroup.prevalence / (1.0 - subgroup.prevalence)
    prevalence = odds / (1.0 + odds)
    shape = (len(prevalence), len(scales["sensitivity"]), len(scales["specificity"]))
    assays = [
        Assay(float(p), sensitivity, specificity) if sensitivity + specificity > 1.0 else None
        for p in prevalence
        for sensitivity in scales["sensitivity"]
        for specificity in scales["specificity"]
    ]
    # An assay that says nothing takes nobody: asked-for faults may lie beside such a place.
    belonging = np.array([0.5 if one is None else one.positive_predictive_value for one in assays])
    taken = np.array([np.nan if one is None else one.positive for one in assays])
    table: dict[str, Any] = {"prevalence": _rounded(prevalence, 3), "why": NO_TRIAL}
    try:
        trials = cut_trials(run, trial, subgroup, request, follow_up)
    except DesignError as error:
        nothing = {"effect": None, "size": None, "cost": None}
        return table | {"why": str(error), "enriched": nothing, "everybody": nothing}
    sizes = trials.sizes(np.append(belonging, prevalence), np.append(taken, np.ones(len(prevalence))))
    effects = trials.effect(np.append(belonging, prevalence)).T
    n = len(assays)
    for name, rows, share, inner in (
        ("enriched", slice(0, n), taken, shape),
        ("everybody", slice(n, None), np.ones(len(prevalence)), shape[:1]),
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
        table[name] = {
            "effect": _nested(_rounded(effects[rows], 3), inner),
            "size": _nested(_sized(size, possible, digits["duration"]), inner),
            "cost": _nested(_known(_rounded(cost, digits["cost"]), possible), inner),
        }
    return table


def _sized(size: Array, possible: NDArray[np.bool_], digits: int) -> list[Any]:
    whole, time = _rounded(size[:, :3], 0), _rounded(size[:, 3], digits)
    return _known([[*row, last] for row, last in zip(whole, time, strict=True)], possible)


def _known(rows: list[Any], possible: NDArray[np.bool_]) -> list[Any]:
    return [row if known else None for row, known in zip(rows, possible, strict=True)]


def _nested(rows: list[Any], shape: tuple[int, ...]) -> list[Any]:
    """Fold a list into lists of lists of `shape`."""
    for length in shape[:0:-1]:
        rows = [rows[start : start + length] for start in range(0, len(rows), length)]
    return rows


def _rounded(values: Array, digits: int) -> list[Any]:
    """Plain numbers of as many digits as are shown; None where there is none."""
    if values.ndim > 1:
        return [_rounded(row, digits) for row in values]
    plain = (float(value) for value in values)
    return [(round(value, digits or None) if math.isfinite(value) else None) for value in plain]


def _effect(effect: Content) -> list[float | None]:
    return _rounded(np.array([effect["estimate"], effect["low"], effect["high"]]), 3)


def _shown_cut(answer: Content, k: int, threshold: float, subgroup: Chosen, why: str) -> dict[str, Any]:
    row, search = answer["rows"][1 + k], answer["search"]
    return {
        "threshold": float(f"{threshold:.4g}"),
        "n": round(row["n"]),
        "share": round(row["prevalence"], 3),
        "apparent": _effect(row["inside"]),
        "outside": _effect(row["outside"]),
        "at_once": None if search is None else _at_once(answer, row["inside"]),
        "planned": _effect(subgroup.inside),
        "why": why,
    }


def _at_once(answer: Content, inside: Content) -> list[float | None]:
    """Give the interval of one cut in which the effects of all lie at once, as wide as the search found it to be."""
    ratio = answer["measure"] == "hazard_ratio"
    to, back = (np.log, np.exp) if ratio else (float, float)
    wide, own = answer["search"]["at_once"], answer["rows"][1 + answer["best"]]["inside"]
    width = float(to(wide["high"]) - to(wide["estimate"])) / own["se"] * inside["se"]
    middle = float(to(inside["estimate"]))
    return _rounded(np.array([back(middle - width), back(middle + width)]), 3)


def _utility(trial: Trial, cuts: Cuts, toxic: NDArray[np.bool_], follow_up: float | None) -> dict[str, Any]:
    horizon = float("nan") if follow_up is None else follow_up
    measure = measure_of(trial, "survival" if trial.is_survival else None, horizon)
    everybody = np.ones((1, len(trial)), dtype=np.bool_)
    tables = [
        utility_of(measure, trial.treated, toxic, chosen, WEIGHTS).utility for chosen in (*cuts[1], everybody)
    ]
    estimates = np.array([[table[weight].estimate for weight in WEIGHTS] for table in tables])
    shown = [[_rounded(np.array([e.estimate, e.low, e.high]), 3) for e in table.values()] for table in tables]
    return {
        "measure": measure.label,
        "inside": shown[:-1],
        "everybody": shown[-1],
        "best": [int(place) for place in estimates[:-1].argmax(axis=0)],
    }
