"""ExplorerTable: every number that the explorer of the report shows, and the notes beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stratomics.enrichment.effects.effect import Measure
from stratomics.enrichment.plan.trial_assumptions import TrialRequest

__all__ = [
    "ExplorerCurves",
    "ExplorerCut",
    "ExplorerTable",
    "ExplorerTrials",
    "ExplorerUtility",
    "Interval",
    "Nested",
    "explorer_notes",
]

Interval = list[float]
"""Estimate, low and high, rounded as they are shown."""

Nested = list[Any]
"""Lists within lists, one level per scale; their depth depends on the table, which a type cannot state."""


@dataclass(frozen=True)
class ExplorerCut:
    """One threshold.

    Attributes
    ----------
    threshold
        On the scale of the score.
    n, share
        Number and share of patients inside.
    apparent, outside
        Effects inside and outside, in the patients of the cohort.
    at_once
        Interval of `apparent` in which the effects of all compared cuts lie at once: low and high; None for a cut that
        was not among them, and for a single cut.
    planned
        Effect inside by which a trial is sized.
    why
        Why there is no trial, where there is none.
    """

    threshold: float
    n: int
    share: float
    apparent: Interval
    outside: Interval
    at_once: Interval | None
    planned: Interval
    why: str


@dataclass(frozen=True)
class ExplorerTrials:
    """Trials of one design at every position.

    Attributes
    ----------
    effect
        Interval of the effect in enrolled patients.
    size
        Events, patients, screened candidates, duration; None where there is no trial.
    cost
        Cost for each cost of screening; None where there is no trial.
    power
        Power of a trial of `reference` patients; None where no effect is known.
    """

    effect: Nested | None
    size: Nested | None
    cost: Nested | None
    power: Nested | None = None


@dataclass(frozen=True)
class ExplorerCurves:
    """Outcomes of the arms inside and outside each threshold, in the patients of the cohort.

    Attributes
    ----------
    times
        Times of the points of `survival`; empty for a response.
    survival
        Kaplan-Meier estimate by cut, side (inside, outside), arm (control, treated) and time; None after the last
        patient. For a response: share of positive responses with its 95% interval.
    ticks, at_risk
        Times, and the number of patients at risk by cut, side, arm and tick; empty for a response.
    """

    times: list[float]
    survival: Nested
    ticks: list[float]
    at_risk: Nested


@dataclass(frozen=True)
class ExplorerUtility:
    """Benefit minus weight times toxicity.

    Attributes
    ----------
    measure
        What benefit is, in words.
    inside
        Interval by cut and weight.
    all_patients
        Interval by weight.
    best
        Position of the cut of highest utility, by weight.
    """

    measure: str
    inside: list[list[Interval]]
    all_patients: list[Interval]
    best: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class ExplorerTable:
    """Content of ``explorer.json``.

    A position is an index on each scale: threshold, prevalence, sensitivity, specificity, cost of screening, weight of
    toxicity. There are no values between positions, so nothing is interpolated.

    Attributes
    ----------
    measure, planned
        Measure of effect of the threshold table, and the one that trials are sized by, in words.
    ratio
        Whether the latter is a ratio.
    survives
        Whether the endpoint is survival.
    unit
        Unit of time.
    score, total
        Name of the score, and number of patients.
    found
        Effect in all patients.
    power, alpha
        Of the trials; `alpha` is one-sided.
    patient
        Cost of a patient.
    digits
        Decimals of ``cost``, ``duration`` and ``effect``.
    scales, start
        Name of a scale -> its values, and -> the position that the plan uses.
    cuts
        One per threshold.
    prevalence
        Prevalence by threshold and position on its scale.
    enriched, all_comers
        Trials by threshold, prevalence, sensitivity and specificity; for all comers by threshold and prevalence.
    utility
        None if toxicity is unknown.
    notes
        Sentences on what the numbers mean.
    reference
        Number of patients of `power`: those that the plan needs, or those of the cohort where it has no trial.
    curves
        Outcomes of the arms; None in a file of an earlier version.
    score_unit
        Unit of the thresholds; empty for a probability.
    """

    measure: str
    planned: str
    ratio: bool
    survives: bool
    unit: str | None
    score: str
    total: int
    found: Interval
    power: float
    alpha: float
    patient: float
    digits: Mapping[str, int]
    scales: Mapping[str, list[float]]
    start: Mapping[str, int]
    cuts: tuple[ExplorerCut, ...]
    prevalence: list[list[float]]
    enriched: ExplorerTrials
    all_comers: ExplorerTrials
    utility: ExplorerUtility | None = None
    notes: tuple[str, ...] = ()
    reference: int = 0
    curves: ExplorerCurves | None = None
    score_unit: str = ""


def explorer_notes(source: str, measure: Measure, request: TrialRequest, toxic: bool) -> tuple[str, ...]:
    """Say what the numbers of the explorer mean.

    Parameters
    ----------
    source
        Where the effect that sizes the chosen cut comes from.
    measure
        Measure of effect that trials are sized by.
    request
        What the trial designer specifies.
    toxic
        Whether toxicity is known.

    Returns
    -------
    tuple of str
        Sentences.
    """
    of_log, weighted = (
        (" (of its log)", "; sizes weight the two by their expected events") if measure.ratio else ("", "")
    )
    notes = [
        "Every number is computed in advance and stored in explorer.json. Nothing is interpolated.",
        (
            f"Effects that trials are sized by: {source}. At other thresholds the same optimism is subtracted, and the "
            "interval is widened in the same proportion. Moving the threshold is also a choice: read the interval for "
            "all thresholds at once, which is known for the thresholds that were compared."
        ),
        (
            f"The effect in enrolled patients is the mean {measure.label}{of_log} of the patients truly inside and "
            f"outside, in the proportion in which the assay selects them{weighted}. The effect in all comers is also "
            "such a mean, so it changes with the threshold."
        ),
        (
            "Prevalence is the share of candidates who are truly inside: the odds of this cohort times a factor. It "
            "changes all comers too. Effects inside and outside are assumed to stay as they are here."
        ),
        f"Power {request.power:g} at the one-sided level {request.alpha:g}, one look at the end.",
    ]
    if request.plan_for is not None:
        notes.append(
            "The requested effect sizes the plan above; the explorer uses the effect that was found."
        )
    if toxic:
        notes.append(
            "Benefit minus weight times toxicity is for patients truly inside, for any assay. Its interval assumes "
            "that benefit and toxicity are independent."
        )
    return tuple(notes)
