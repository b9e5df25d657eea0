"""Compute in advance every number that the explorer of the report shows."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError
from stratomics.enrichment.effects.effect import Effect, Measure, measure_of
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.from_run import RunTrial
from stratomics.enrichment.plan.explorer_curves import explorer_curves
from stratomics.enrichment.plan.explorer_positions import ODDS, cut_positions, rounded
from stratomics.enrichment.plan.explorer_table import (
    ExplorerCut,
    ExplorerTable,
    ExplorerTrials,
    ExplorerUtility,
    Interval,
    explorer_notes,
)
from stratomics.enrichment.plan.plan_trial import effect_on
from stratomics.enrichment.plan.trial_assumptions import TrialRequest
from stratomics.enrichment.result import EnrichmentResult
from stratomics.enrichment.selection.cut_search import CutSearch
from stratomics.enrichment.selection.cuts import Cuts, Score, share_cuts
from stratomics.enrichment.selection.subgroup import SizingEffects, Subgroup
from stratomics.enrichment.selection.threshold_table import ThresholdRow, threshold_table
from stratomics.enrichment.selection.utility import utility_of
from stratomics.runs.run_directory import RunDirectory

__all__ = ["explorer_table", "score_thresholds"]

Array = NDArray[np.float64]

STEPS = tuple(round(step / 20, 2) for step in range(4, 17))
"""Shares of patients: every 5% from 20% to 80%."""
ACCURACIES = (0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0)
"""Sensitivities and specificities."""
SCREENING = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""Cost of an assay, relative to the cost of a patient."""
WEIGHTS = tuple(step / 4 for step in range(9))
"""Number of efficacious outcomes that one toxic event offsets."""
START_WEIGHT = 1.0
RATIO, DIFFERENCE = 2, 3
"""Decimals of a ratio and of a difference."""
LARGE = 100.0
"""Times from which on no decimals are shown."""


def explorer_table(
    run: RunDirectory,
    of_run: RunTrial,
    subgroup: Subgroup,
    score: Score,
    cuts: Cuts,
    shown: Measure,
    result: EnrichmentResult,
    *,
    request: TrialRequest,
    patients: int | None,
    follow_up: float | None = None,
    toxic: NDArray[np.bool_] | None = None,
) -> ExplorerTable:
    """Compute the table behind the explorer, ``explorer.json``.

    Parameters
    ----------
    run, of_run
        A finished run and its trial.
    subgroup
        The chosen cut, with sizing effects.
    score, cuts
        The score, and the cuts that were compared; finer ones are added.
    shown
        Measure of effect of the threshold table.
    result
        Result of :func:`stratomics.enrichment.analysis.enrich`.
    request
        What the trial designer specifies; the explorer does not use its `plan_for`.
    patients
        Patients of the planned trial; None where none can be planned.
    follow_up
        Follow-up of the last patient; the one of `result` if None.
    toxic
        (n,) whether a patient had toxicity, where it is known.

    Returns
    -------
    ExplorerTable
        Numbers, rounded to the digits that are shown.
    """
    measure, chosen, compared = measure_of(of_run.trial), float(cuts.values[result.best]), set(cuts.values)
    cuts = _finer(of_run.trial, score, cuts)
    best, thresholds = int(np.flatnonzero(cuts.values == chosen)[0]), score_thresholds(score, cuts)
    rows = threshold_table(of_run.trial, shown, cuts, follow_up)[1:]
    corrected = [
        subgroup
        if k == best
        else _corrected(subgroup, measure, members, cuts.members[best], float(thresholds[k]))
        for k, members in enumerate(cuts.members)
    ]
    reference = len(of_run.trial) if patients is None else patients
    scales = _scales(cuts.values, request, toxic)
    digits = {"cost": 0 if request.patient >= 1.0 else 1, "duration": 0}
    digits["effect"] = RATIO if measure.ratio else DIFFERENCE
    if follow_up is None:
        follow_up = result.follow_up
    if follow_up is None or follow_up < LARGE:
        digits["duration"] = 1
    parts = [
        cut_positions(run, of_run, one, scales, request, follow_up, digits, reference) for one in corrected
    ]
    _, sizing = subgroup.sized()
    return ExplorerTable(
        measure=result.measure_label,
        planned=measure.label,
        ratio=measure.ratio,
        survives=of_run.trial.is_survival,
        unit=getattr(of_run.trial.outcome, "unit", ""),
        score=result.score,
        total=len(of_run.trial),
        found=_interval(result.rows[0].inside, ratio=shown.ratio),
        power=request.power,
        alpha=request.alpha,
        patient=request.patient,
        digits=digits,
        scales=scales,
        start=_start(scales, best, request),
        cuts=tuple(
            _shown_cut(
                result,
                row,
                float(threshold),
                one,
                part.why,
                ratio=measure.ratio,
                together=row.cut in compared,
            )
            for row, threshold, one, part in zip(rows, thresholds, corrected, parts, strict=True)
        ),
        prevalence=[part.prevalence for part in parts],
        enriched=_stacked([part.enriched for part in parts]),
        all_comers=_stacked([part.all_comers for part in parts]),
        utility=None if toxic is None else _utility(of_run.trial, cuts, toxic, result.benefit.horizon),
        notes=explorer_notes(sizing.source, measure, request, toxic is not None),
        reference=reference,
        curves=explorer_curves(of_run.trial, cuts.members),
        score_unit=str(getattr(of_run.trial.outcome, "unit", "") or "") if score.name == "benefit" else "",
    )


def score_thresholds(score: Score, cuts: Cuts) -> Array:
    """Find the value of a score above which each share of the patients lies, as the median over repeats.

    Parameters
    ----------
    score
        The score.
    cuts
        Shares of patients.

    Returns
    -------
    ndarray
        (cuts,) values.
    """
    return np.array([np.median(np.quantile(score.value, 1.0 - cut, axis=1)) for cut in cuts.values])


def _finer(trial: Trial, score: Score, cuts: Cuts) -> Cuts:
    """Add the cuts between those that were compared, as far as both sides have enough patients."""
    known = dict(zip(cuts.values, cuts.members, strict=True))
    for share in STEPS:
        if not np.isclose(cuts.values, share).any():
            with suppress(DataError):
                known[share] = share_cuts(trial, score.value, score.fold, [share]).members[0]
    values = sorted(known)
    return Cuts(np.array(values), np.stack([known[value] for value in values]))


def _stacked(trials: list[ExplorerTrials]) -> ExplorerTrials:
    return ExplorerTrials(
        [one.effect for one in trials],
        [one.size for one in trials],
        [one.cost for one in trials],
        [one.power for one in trials],
    )


def _corrected(
    subgroup: Subgroup,
    measure: Measure,
    members: NDArray[np.bool_],
    best: NDArray[np.bool_],
    threshold: float,
) -> Subgroup:
    """Correct the effect of another cut by the optimism of the chosen one, and widen its interval in proportion."""
    _, chosen = subgroup.sized()
    scale = np.log if measure.ratio else float
    apparent, inside = effect_on(measure, best), effect_on(measure, members)
    optimism = float(scale(apparent.estimate)) - float(scale(chosen.inside.estimate))
    se = inside.se * chosen.inside.se / apparent.se
    effect = measure.effect(float(scale(inside.estimate)) - optimism, se)
    sizing = SizingEffects(effect, effect_on(measure, ~members), chosen.source)
    return replace(subgroup, cut=threshold, prevalence=float(members.mean()), members=members, sizing=sizing)


def _scales(cuts: Array, request: TrialRequest, toxic: NDArray[np.bool_] | None) -> dict[str, list[float]]:
    screening = {share * request.patient for share in SCREENING} | {request.test}
    return {
        "threshold": [float(cut) for cut in cuts],
        "prevalence": list(ODDS),
        "sensitivity": sorted({*ACCURACIES, request.sensitivity}),
        "specificity": sorted({*ACCURACIES, request.specificity}),
        "screening": sorted(screening),
        "weight": [] if toxic is None else list(WEIGHTS),
    }


def _start(scales: Mapping[str, list[float]], best: int, request: TrialRequest) -> dict[str, int]:
    requested = {
        "prevalence": 1.0,
        "sensitivity": request.sensitivity,
        "specificity": request.specificity,
        "screening": request.test,
        "weight": START_WEIGHT,
    }
    places = {name: scales[name].index(value) for name, value in requested.items() if scales[name]}
    return {"threshold": best, **places}


def _interval(effect: Effect, *, ratio: bool) -> Interval:
    return rounded(np.array([effect.estimate, effect.low, effect.high]), RATIO if ratio else DIFFERENCE)


def _shown_cut(
    result: EnrichmentResult,
    row: ThresholdRow,
    threshold: float,
    subgroup: Subgroup,
    why: str,
    *,
    ratio: bool,
    together: bool,
) -> ExplorerCut:
    _, sizing = subgroup.sized()
    assert row.outside is not None
    at_once = _at_once(result, result.search, row.inside) if together and result.search is not None else None
    return ExplorerCut(
        threshold=float(f"{threshold:.4g}"),
        n=round(row.n),
        share=round(row.prevalence, 3),
        apparent=_interval(row.inside, ratio=result.ratio),
        outside=_interval(row.outside, ratio=result.ratio),
        at_once=at_once,
        planned=_interval(sizing.inside, ratio=ratio),
        why=why,
    )


def _at_once(result: EnrichmentResult, search: CutSearch, inside: Effect) -> Interval:
    """Interval of one cut in which the effects of all cuts lie at once, with the width that the search found."""
    ratio = result.measure == "hazard_ratio"
    to, back = (np.log, np.exp) if ratio else (float, float)
    wide, chosen = search.at_once, result.rows[1 + result.best].inside
    width = float(to(wide.high) - to(wide.estimate)) / chosen.se * inside.se
    middle = float(to(inside.estimate))
    return rounded(np.array([back(middle - width), back(middle + width)]), RATIO if ratio else DIFFERENCE)


def _utility(trial: Trial, cuts: Cuts, toxic: NDArray[np.bool_], horizon: float | None) -> ExplorerUtility:
    measure = measure_of(trial, "survival" if trial.is_survival else None, horizon or float("nan"))
    all_patients = np.ones((1, len(trial)), dtype=np.bool_)
    tables = [
        utility_of(measure, trial.treated, toxic, members, WEIGHTS).utility
        for members in (*cuts.members, all_patients)
    ]
    estimates = np.array([[table[weight].estimate for weight in WEIGHTS] for table in tables])
    shown = [[_interval(effect, ratio=False) for effect in table.values()] for table in tables]
    return ExplorerUtility(
        measure=measure.label,
        inside=shown[:-1],
        all_patients=shown[-1],
        best=[int(place) for place in estimates[:-1].argmax(axis=0)],
    )
