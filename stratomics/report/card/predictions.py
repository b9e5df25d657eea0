"""Checks of predictions: negative controls, calibration and coverage."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from scipy.stats import beta

from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.intervals import exact_interval
from stratomics.evaluation.metrics.survival_bounds import NOMINAL_COVERAGE
from stratomics.report.card.line import FAIL, PASS, WATCH, EvaluatedRun, Line, all_finite, graded, span, worst
from stratomics.report.text.metrics import control_sentence, controls_fail

__all__ = ["calibration", "controls", "coverage"]

MAIN = ("all", "class")
"""Groups for which coverage is guaranteed; for other groups it is not."""

TAIL = 0.025
"""One tail of a 95% interval."""

SLOPES = (0.8, 1.25)
"""At a slope of 0.8 predictions are too extreme by a quarter (1 / 0.8), at 1.25 too moderate by a fifth. Riley et al.
2020, doi 10.1136/bmj.m441, require 0.9 when a study is planned; few cohorts can detect deviations below a fifth."""

DISTANCE = (0.05, 0.10)
"""Mean absolute difference of predicted and observed probabilities that gives WATCH, and FAIL: five and ten percentage
points. This is a convention of this project; the literature has no threshold for ICI or the binned error."""

ICI_NOISE = 0.8
"""An index of up to this over the square root of n is no evidence: 95% of calibrated models have less, where half of
the patients have the event by the horizon (tests/stratomics/report/card/test_card_false_alarms.py)."""

UNEVEN = 0.05
"""D-calibration p below which curves are called miscalibrated (Haider et al. 2020, doi 10.48550/arXiv.1811.11347). In a
large cohort small deviations reach it too, so it gives WATCH and never FAIL on its own."""


MOSTLY_CENSORED = 0.5
"""Share of censored patients above which D-calibration is said to detect little. Haider et al. 2020 spread each
censored patient evenly over the rest of their curve, as a calibrated model would."""

SHORTFALL = 0.1
"""Coverage below nominal by more than this is named, whether or not sampling variability explains it: one in ten."""

FEWEST = 10
"""Patients that a group needs for that."""


def controls(run: EvaluatedRun) -> Line:
    """Fail if a negative control differs from chance; watch if no control was run."""
    rows = run.metrics.get("controls") or {}
    missing = [name for name, row in rows.items() if not all_finite(row["estimate"], row["p"])]
    if controls_fail(run.metrics):
        verdict, text = FAIL, control_sentence(run.metrics)
    elif not rows:
        verdict, text = WATCH, "No negative control was run, so a leak of the outcome would not be detected."
    elif missing:
        verdict, text = WATCH, f"Negative controls without a result: {', '.join(missing).replace('_', ' ')}."
    else:
        verdict, text = PASS, control_sentence(run.metrics)
    return Line("controls", "Negative controls", verdict, text, "methods")


def calibration(run: EvaluatedRun) -> Line:
    """Evaluate slope, ICI and D-calibration of survival, or binned error and mean probability of a response."""
    figures = run.metrics[run.endpoint]
    results = list(_of_response(run, figures) if run.kind == "response" else _of_survival(run, figures))
    verdicts, texts = zip(*results, strict=True)
    return Line("calibration", "Calibration", worst(verdicts), " ".join(texts), "calibration")


def _of_survival(run: EvaluatedRun, figures: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    distance = figures.get("ici", {}).get("estimate")
    noise = ICI_NOISE / math.sqrt(max(int(run.outcome.observed.sum()), 1))
    watch, fail = (max(threshold, noise) for threshold in DISTANCE)
    verdict = graded(distance, watch, fail)
    yield _slope(figures.get("calibration_slope"), close=verdict == PASS)
    text = _distance(distance, "an event", "integrated calibration index (ICI)")
    if verdict == PASS and distance > DISTANCE[0]:
        text = f"{text[:-1]}, as calibrated predictions may in so few patients."
    yield verdict, text
    yield _uneven(figures.get("d_calibration", {}).get("estimate"), _censored(run))


def _censored(run: EvaluatedRun) -> float:
    """Share of the evaluated patients who are censored."""
    outcome = run.outcome
    return 1.0 - float(outcome.label[outcome.observed].mean())


def _uneven(p: float | None, censored: float) -> tuple[str, str]:
    """Grade the p value of D-calibration, which censoring makes too large."""
    if p is None or not all_finite(p):
        return WATCH, "D-calibration is not available."
    if p < UNEVEN:
        return WATCH, f"D-calibration shows that the survival curves are miscalibrated (p {p:.2g})."
    if censored > MOSTLY_CENSORED:
        return PASS, (
            f"D-calibration (p {p:.2f}) can hardly detect miscalibration here: {censored:.0%} of the patients are "
            "censored, and the test spreads them evenly over the curve."
        )
    return PASS, f"D-calibration gives no evidence that the survival curves are miscalibrated (p {p:.2f})."


def _slope(slope: Mapping[str, Any] | None, *, close: bool) -> tuple[str, str]:
    """Grade the calibration slope; one above 1 fails only if probabilities are not `close` to what is observed."""
    if slope is None or not all_finite(slope.get("estimate"), slope.get("low"), slope.get("high")):
        return WATCH, "The calibration slope is not available."
    off = not SLOPES[0] <= slope["estimate"] <= SLOPES[1]
    significant = not slope["low"] <= 1.0 <= slope["high"]
    if not off and not significant:
        return PASS, f"Calibration slope {span(slope)}: no evidence of a difference from 1, the ideal value."
    moderate = slope["estimate"] > 1
    direction = "too moderate" if moderate else "too extreme"
    text = f"Calibration slope {span(slope)} (ideal: 1): predictions are {direction}"
    if not significant:
        return WATCH, f"{text}, but the interval includes 1."
    if not off:
        return WATCH, f"{text}, but only slightly."
    # Moderate predictions understate differences between patients; they do not overstate the risk of any.
    return (
        (WATCH, f"{text}, but probabilities are close to what is observed.")
        if moderate and close
        else (FAIL, f"{text}.")
    )


def _of_response(run: EvaluatedRun, figures: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    error = figures.get("ece", {}).get("estimate")
    # A debiased estimate may be negative, which counts as 0.
    distance = max(error, 0.0) if error is not None and all_finite(error) else None
    yield graded(distance, *DISTANCE), _distance(distance, "a response", "debiased calibration error")
    cases = run.cases["stratomics"]
    assert isinstance(cases, ResponseCases)
    predicted, positive = float(cases.probability.mean()), int(cases.positive.sum())
    low, high = exact_interval(positive, len(cases))
    observed = f"{positive / len(cases):.0%} ({low:.0%} to {high:.0%})"
    text = (
        f"The mean predicted probability of a response is {predicted:.0%}, the observed share is {observed}."
    )
    yield PASS if low <= predicted <= high else WATCH, text


def _distance(value: float | None, what: str, measure: str) -> str:
    if value is None or not all_finite(value):
        return f"The {measure} is not available."
    return f"Predicted and observed probabilities of {what} differ by {value:.3f} on average ({measure})."


def coverage(run: EvaluatedRun) -> Line:
    """Compare the nominal coverage with the exact intervals overall, per class and, after adjustment, per group."""
    name, check, section = "coverage", "Coverage", "uncertainty"
    rows = _rows(run)
    main = [row for row in rows if row.by in MAIN]
    groups = [row for row in rows if row.by not in MAIN and all_finite(row.coverage)]
    if not main:
        return Line(name, check, WATCH, "There are no prediction sets or survival bounds.", section)
    low = [row for row in groups if _chance(row) * len(groups) < TAIL]
    verdicts = [_verdict(row) for row in main] + [WATCH for _ in low]
    wide = [row for row in main if row.by == "all" and row.low > NOMINAL_COVERAGE]
    text = f"Nominal coverage {NOMINAL_COVERAGE:.0%}; observed: {'; '.join(_text(row) for row in main)}."
    if groups:
        text += f" Of {len(groups)} other groups, {len(low) or 'none'} {'has' if len(low) == 1 else 'have'} lower "
        text += f"coverage after adjustment for multiple tests{': ' if low else ''}"
        text += f"{'; '.join(_text(row) for row in low)}."
    text += _shortfall([row for row in groups if row not in low])
    if wide:
        verdicts.append(WATCH)
        text += " Observed coverage is above nominal: sets and bounds are wider than necessary."
    return Line(name, check, worst(verdicts), text, section)


@dataclass(frozen=True)
class _GroupCoverage:
    """Observed coverage of a group with its exact 95% interval; NaN where ``metrics.json`` has null.

    Attributes
    ----------
    by, level
        The group, as in ``metrics.json``.
    coverage, low, high
        The estimate and its interval.
    counted
        Number of patients that count; it may be fractional.
    """

    by: str
    level: str
    coverage: float
    low: float
    high: float
    counted: float

    @classmethod
    def of(cls, by: str, level: str, estimate: tuple[float | None, ...], counted: float = math.nan) -> Self:
        coverage, low, high = (math.nan if value is None else float(value) for value in estimate)
        return cls(by, level, coverage, low, high, counted)


def _rows(run: EvaluatedRun) -> list[_GroupCoverage]:
    """Coverage of the primary endpoint by group, and of secondary responses by class."""
    rows = []
    for row in run.metrics.get("coverage") or ():
        estimate = row["coverage"], row["low"], row["high"]
        counted = float(row.get("counted", row["n"]))
        rows.append(_GroupCoverage.of(row["by"], row["level"], estimate, counted))
    for name, figures in run.metrics.items():
        if name == run.endpoint or not isinstance(figures, Mapping):
            continue
        for key in ("positive", "negative"):
            figure = figures.get(f"set_coverage_{key}")
            if figure is not None:
                estimate = figure["estimate"], figure["low"], figure["high"]
                rows.append(_GroupCoverage.of("class", f"{key}, {name}", estimate))
    return rows


def _verdict(row: _GroupCoverage) -> str:
    if not all_finite(row.coverage, row.low, row.high):
        return WATCH
    return FAIL if row.high < NOMINAL_COVERAGE else PASS


def _shortfall(groups: Iterable[_GroupCoverage]) -> str:
    """Name the group of lowest coverage, if it is far below nominal although the test does not show it."""
    known = [row for row in groups if not row.counted < FEWEST]
    lowest = min(known, key=lambda row: row.coverage, default=None)
    if lowest is None or lowest.coverage >= NOMINAL_COVERAGE - SHORTFALL:
        return ""
    return f" The lowest of the others is {_text(lowest)}; among so many groups, chance alone may explain it."


def _chance(row: _GroupCoverage) -> float:
    """Binomial probability that so few are covered at nominal coverage; the number covered may be fractional."""
    n = row.counted
    covered = row.coverage * n
    return 1.0 if covered >= n else float(beta.sf(NOMINAL_COVERAGE, covered + 1.0, n - covered))


def _text(row: _GroupCoverage) -> str:
    group = f"arm {row.level}" if row.by == "arm" else {"all": "all patients"}.get(row.level, row.level)
    if not all_finite(row.coverage, row.low, row.high):
        return f"{group}, not available"
    share, low, high = (100 * value for value in (row.coverage, row.low, row.high))
    return f"{group} {share:.0f}% ({low:.0f} to {high:.0f}%)"
