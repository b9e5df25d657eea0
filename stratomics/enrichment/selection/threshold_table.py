"""The threshold table: for each cut the patients inside, the effects on both sides, and the size of a trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from omics.cohort.endpoints import Survival
from stratomics.enrichment.design.events import schoenfeld_events
from stratomics.enrichment.effects.effect import Effect, Measure, checked_effect, effect_of
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.effects.two_arm_curves import two_arm_curves
from stratomics.enrichment.selection.cut_search import both_sides
from stratomics.enrichment.selection.cuts import Cuts
from stratomics.enrichment.selection.patients_needed import patients_for_events, patients_needed
from stratomics.evaluation.follow_up import follow_up as followed

__all__ = ["POWERS", "Costs", "ThresholdRow", "median_follow_up", "threshold_table"]

Array = NDArray[np.float64]

POWERS = (0.8, 0.9)


@dataclass(frozen=True)
class Costs:
    """Cost of screening one patient, and of one patient in the trial, in the same currency."""

    screening: float
    patient: float


@dataclass(frozen=True)
class ThresholdRow:
    """One cut.

    Attributes
    ----------
    cut
        Raw value or share; None in the row of all patients.
    prevalence, n, events
        Share and number of patients inside, and number of them with the event or the response; means over repeats.
    inside, outside
        Effects with 95% intervals, not adjusted for the number of cuts; outside is None in the row of all patients.
    z, p
        Interaction of treatment and cut, p two-sided; None in the row of all patients.
    control_rate
        Share of the controls inside with the event by the end of follow-up, or with the response; None where no
        patient inside is followed that long.
    events_needed
        Power -> number of events, for a hazard ratio; None where the effect inside is not a benefit.
    patients_needed, screened, cost
        Power -> patients randomised, patients screened for them, and the cost of both; None as before, or without
        costs.
    """

    cut: float | None
    prevalence: float
    n: float
    events: float
    inside: Effect
    outside: Effect | None
    z: float | None
    p: float | None
    control_rate: float | None
    events_needed: Mapping[float, float] | None
    patients_needed: Mapping[float, float] | None
    screened: Mapping[float, float] | None
    cost: Mapping[float, float] | None


def median_follow_up(outcome: Survival) -> float:
    """Median follow-up by the reverse Kaplan-Meier curve; the last time if half are never censored."""
    median = followed(outcome).median
    return float(outcome.time[outcome.observed].max()) if np.isnan(median) else median


def threshold_table(
    trial: Trial, measure: Measure, cuts: Cuts, follow_up: float | None = None, costs: Costs | None = None
) -> list[ThresholdRow]:
    """Compute one row for all patients, then one row per cut.

    Parameters
    ----------
    trial, measure
        The patients, and the measure of effect.
    cuts
        From :func:`stratomics.enrichment.selection.cuts.marker_cuts` or `share_cuts`.
    follow_up
        Time that each patient of the coming trial is followed; the median of this trial if left out.
    costs
        Costs of screening and of patients; without them no cost is computed.

    Returns
    -------
    list of ThresholdRow
        All patients first.
    """
    if follow_up is None and trial.is_survival:
        follow_up = median_follow_up(trial.survival)
    one = np.ones((1, len(trial)))
    all_patients = np.ones((1, len(trial)), dtype=np.bool_)
    overall = effect_of(measure, one[0])
    rows = [_row(trial, measure, None, all_patients, overall, follow_up, costs)]
    sides = both_sides(measure, cuts.members, one)
    for k, value in enumerate(cuts.values):
        inside = checked_effect(
            measure, sides.inside[0, k], sides.inside_se[0, k], f"inside the cut {value:g}"
        )
        outside = checked_effect(
            measure, sides.outside[0, k], sides.outside_se[0, k], f"outside the cut {value:g}"
        )
        z = float(sides.z[0, k])
        rows.append(_row(trial, measure, float(value), cuts.members[k], inside, follow_up, costs, outside, z))
    return rows


def _row(
    trial: Trial,
    measure: Measure,
    cut: float | None,
    inside: NDArray[np.bool_],
    effect: Effect,
    follow_up: float | None,
    costs: Costs | None,
    outside: Effect | None = None,
    z: float | None = None,
) -> ThresholdRow:
    n, events = float(inside.sum(axis=1).mean()), float((inside & trial.outcome.label).sum(axis=1).mean())
    prevalence, rate = n / len(trial), _control_rate(trial, inside, follow_up)
    needed = _events(measure, effect)
    patients = _patients(measure, effect, n, needed, rate)
    screened = None if patients is None else {power: size / prevalence for power, size in patients.items()}
    cost = None
    if costs is not None and patients is not None and screened is not None:
        cost = {
            power: costs.screening * screened[power] + costs.patient * patients[power] for power in POWERS
        }
    p = None if z is None else float(2 * norm.sf(abs(z)))
    return ThresholdRow(
        cut, prevalence, n, events, effect, outside, z, p, rate, needed, patients, screened, cost
    )


def _control_rate(trial: Trial, inside: NDArray[np.bool_], follow_up: float | None) -> float | None:
    count = inside.astype(np.float64)
    if follow_up is None:
        controls = count * ~trial.treated
        return float((controls @ trial.outcome.label / controls.sum(axis=1)).mean())
    outcome = trial.survival
    curves, _ = two_arm_curves(trial.treated, outcome.event, outcome.time, count, follow_up)
    rate = 1.0 - curves[:, 0, 1].mean()
    return float(rate) if np.isfinite(rate) else None


def _benefits(measure: Measure, effect: Effect) -> bool:
    null = 1.0 if measure.ratio else 0.0
    return measure.sign * (effect.estimate - null) > 0


def _events(measure: Measure, effect: Effect) -> dict[float, float] | None:
    if not (measure.ratio and _benefits(measure, effect)):
        return None
    return {power: schoenfeld_events(effect.estimate, power) for power in POWERS}


def _patients(
    measure: Measure, effect: Effect, n: float, events: dict[float, float] | None, rate: float | None
) -> dict[float, float] | None:
    if events is not None:
        if not rate:
            return None
        return {power: patients_for_events(d, rate, effect.estimate) for power, d in events.items()}
    if measure.ratio or not _benefits(measure, effect):
        return None
    return {power: patients_needed(effect.estimate, effect.se, round(n), power) for power in POWERS}
