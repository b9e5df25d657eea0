"""Rows and sentences on a model in another cohort, shared by the screen and the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from models.survival.time_unit import survival_unit
from omics.cohort.endpoints import Survival
from stratomics.evaluation.intervals import Estimate
from stratomics.evaluation.metrics import DISCRIMINATION
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.report.text.metrics import interval
from stratomics.report.text.numbers import p_value
from stratomics.report.text.transport_details import (
    learning_sentences,
    recalibration_sentences,
    site_sentences,
)
from stratomics.transportability.external import FEWEST_OUTCOMES
from stratomics.transportability.groups import BOTH, GroupRow, Groups
from stratomics.transportability.result import Transport
from stratomics.transportability.shift import Shift

__all__ = [
    "group_name",
    "group_sentences",
    "horizon_text",
    "measure_columns",
    "measure_rows",
    "shift_sentences",
    "transport_sentences",
]

SHOWN = {
    "survival": ("harrell_c", "uno_c", "time_auc", "ibs", "ici", "bound_coverage"),
    "response": ("auroc", "auprc", "log_loss", "brier", "set_coverage", "set_coverage_positive"),
}
"""Metrics of the table, discrimination first."""
NONE, UNKNOWN = "", "unknown"
OUTCOMES = {"survival": "events", "response": "patients of the rarer class"}
NAMED = 4
"""Groups that a sentence names."""
SIGNIFICANCE = 0.05


def measure_columns(result: Transport) -> list[str]:
    """Headings of the table of :func:`measure_rows`, after the first one."""
    weighted = [f"weighted to {result.cohort}"] if result.shift and result.shift.weighted else []
    return ["training, out of fold", *weighted, result.cohort]


def measure_rows(result: Transport) -> list[list[str]]:
    """Measures of the model, out of fold in training, perhaps weighted, and in the other cohort.

    Parameters
    ----------
    result
        A transport.

    Returns
    -------
    list of list of str
        Name of the measure, and one cell per column of :func:`measure_columns`.
    """
    here, weighted = result.external, result.shift.weighted if result.shift else {}
    rows: list[list[str]] = []

    def add(name: str, training: str, other: str, shifted: str = NONE) -> None:
        rows.append([name, training, *([shifted] if weighted else []), other])

    add("patients", str(result.training_patients), str(here.patients))
    for key in SHOWN[result.kind]:
        absent = UNKNOWN if not here.known else NONE
        add(
            find_metric(key).label,
            _of(result.training, key),
            _of(here.metrics, key) or absent,
            _of(weighted, key),
        )
        if key == DISCRIMINATION[result.kind]:
            expected = (result.training_expected, here.expected_discrimination)
            add("expected by case mix", *(f"{value:.3f}" for value in expected))
    add("observed / expected", NONE, _text(here.ratio))
    if result.kind == "response":
        add("observed minus expected", NONE, _text(here.difference, "+"))
    add("calibration slope", _of(result.training, "calibration_slope"), _text(here.slope) or UNKNOWN)
    for name, value in (("abstention", here.abstained), ("selected by the rule", here.selected)):
        if value is not None:
            add(name, NONE, _text(value))
    return rows


def _of(metrics: Mapping[str, Estimate], key: str) -> str:
    return interval(metrics[key]) if key in metrics else NONE


def _text(value: Estimate | None, sign: str = "") -> str:
    return NONE if value is None else interval(value, sign)


def transport_sentences(result: Transport) -> list[str]:
    """State what was found, one sentence or two on each question."""
    parts = (
        _discrimination(result),
        _calibration(result),
        shift_sentences(result.shift, result.cohort, result.kind),
        group_sentences(result.groups, result.kind),
        recalibration_sentences(result.recalibration, asked_of=result.cohort),
        site_sentences(result.sites, result.kind, "the run"),
        site_sentences(result.other_sites, result.kind, result.cohort),
        learning_sentences(result.learning),
        result.notes,
    )
    return [sentence for part in parts for sentence in part]


def horizon_text(result: Transport) -> str:
    """Write the horizon in words, such as ``5 years``; empty for a response."""
    if result.horizon is None:
        return ""
    time = np.array([result.horizon])
    survival = Survival(time, np.array([True]), np.array([True]), str(result.unit))
    return survival_unit(survival).text(result.horizon)


def _discrimination(result: Transport) -> Iterator[str]:
    here, key = result.external, DISCRIMINATION[result.kind]
    label = find_metric(key).label
    if not here.known:
        yield (
            f"{here.fewest} {OUTCOMES[result.kind]} are too few (fewer than {FEWEST_OUTCOMES}): discrimination and "
            f"calibration slope in {result.cohort} are unknown."
        )
        return
    training, other = result.training[key]["estimate"], here.metrics[key]["estimate"]
    mix = here.expected_discrimination - result.training_expected
    yield (
        f"{label} is {interval(here.metrics[key])} in {result.cohort} and {training:.3f} out of fold in training. If "
        f"all predictions were right, the case mix would give {here.expected_discrimination:.3f} there and "
        f"{result.training_expected:.3f} in training: of the difference of {other - training:+.3f}, {mix:+.3f} is case "
        "mix, and the rest is the model or chance."
    )


def _calibration(result: Transport) -> Iterator[str]:
    here = result.external
    if here.ratio is None:
        yield f"Calibration in the large is unknown in {result.cohort}: too few patients are followed to the horizon."
        return
    what = (
        f"have the event by {horizon_text(result)}"
        if result.kind == "survival"
        else "have a positive response"
    )
    sense = "as predicted within chance"
    if here.ratio["low"] > 1.0:
        sense = "more than predicted"
    elif here.ratio["high"] < 1.0:
        sense = "fewer than predicted"
    yield (
        f"{here.observed:.1%} {what}, and {here.expected:.1%} are expected: {sense} (observed / expected "
        f"{interval(here.ratio, digits=2)})."
    )
    if here.slope is not None:
        slope = here.slope
        extremes = "predictions are neither too extreme nor too cautious within chance"
        if slope["high"] < 1.0:
            extremes = "predictions are too extreme"
        elif slope["low"] > 1.0:
            extremes = "predictions are too cautious"
        yield f"The calibration slope is {interval(slope, digits=2)}: {extremes}."


def shift_sentences(shift: Shift | None, cohort: str, kind: str) -> Iterator[str]:
    """State how different the patients are, and what that alone would do.

    Parameters
    ----------
    shift
        Covariate shift; nothing is said of None.
    cohort
        Name of the other cohort.
    kind
        Kind of the endpoint.

    Yields
    ------
    str
        A sentence.
    """
    if shift is None:
        return
    facts = (
        "A model of factors and covariates tells the cohorts apart with an AUROC of "
        f"{interval(shift.membership, digits=2)}, where 0.5 means the same patients; {shift.beyond:.0%} of the "
        f"patients of {cohort} are less like training than 99% of its patients."
    )
    if not shift.overlap:
        yield (
            f"{facts} The cohorts do not overlap enough ({shift.effective:.0f} effective of {shift.patients} training "
            "patients), so nothing is weighted: what differs beyond case mix is unknown."
        )
        return
    key = DISCRIMINATION[kind]
    yield facts
    weighted = ""
    if key in shift.weighted and key in shift.training:
        weighted = (
            f": {find_metric(key).label} would be {interval(shift.weighted[key])} instead of "
            f"{shift.training[key]['estimate']:.3f} if only factors and covariates differed"
        )
    yield (
        f"Weighted to {cohort}, the {shift.patients} training patients count as {shift.effective:.0f}{weighted}."
    )
    for what, plain, shifted in (
        ("Sets", shift.sets, shift.weighted_sets),
        ("Lower bounds on time", shift.bounds, shift.weighted_bounds),
    ):
        if plain is not None and shifted is not None:
            yield (
                f"{what} of 90% from the training patients cover {interval(plain, digits=2)} of {cohort}, and "
                f"{interval(shifted, digits=2)} with weights."
            )


def group_sentences(groups: Groups, kind: str) -> Iterator[str]:
    """Name the unknown groups, the tests, and the differences that could be excluded.

    Parameters
    ----------
    groups
        Groups and tests.
    kind
        Kind of the endpoint.

    Yields
    ------
    str
        A sentence.
    """
    unknown = [group_name(row) for row in groups.rows if not row.known]
    if unknown:
        more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
        yield (
            f"Unknown, with fewer than {FEWEST_OUTCOMES} {OUTCOMES[kind]} or fewer than 10 patients: "
            f"{', '.join(unknown[:NAMED])}{more}."
        )
    label, tested = find_metric(DISCRIMINATION[kind]).label, [t for t in groups.tests if np.isfinite(t.p)]
    if tested:
        shown = ", ".join(f"{test.by} {p_value(test.p_holm)}" for test in tested)
        differ = [test.by for test in tested if test.p_holm < SIGNIFICANCE]
        verdict = f"it differs by {', '.join(differ)}" if differ else "no evidence that it differs"
        adjusted = f", after Holm adjustment for {len(tested)} tests" if len(tested) > 1 else ""
        yield f"{label} between groups{adjusted}: {shown}; {verdict}."
    rows = [row for row in groups.rows if BOTH not in row.by and row.difference and "low" in row.difference]
    if rows:
        listed = ", ".join(f"{_largest(row):.2f} ({group_name(row)})" for row in _few(rows))
        yield f"Differences in {label} from all other patients that these numbers cannot exclude reach {listed}."


def _largest(row: GroupRow) -> float:
    """Largest difference from the others, in either direction, inside the interval."""
    difference = row.difference or {"estimate": np.nan}
    return max(abs(difference.get("low", np.nan)), abs(difference.get("high", np.nan)))


def _few(rows: list[GroupRow]) -> list[GroupRow]:
    """Select the groups with the largest differences that are not excluded."""
    return sorted(rows, key=_largest, reverse=True)[:NAMED]


def group_name(row: GroupRow) -> str:
    """Name of a group, such as ``sex: female``."""
    return f"{row.by}: {row.level}"
