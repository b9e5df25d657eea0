"""Lines of the card on predictions: controls at chance, calibration, coverage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scipy.stats import beta

from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.metrics.response_set_coverage import exact_interval
from stratomics.evaluation.metrics.survival_calibration import PROMISED
from stratomics.report.card.line import FAIL, PASS, WATCH, EvaluatedRun, Line, graded, known, span, worst
from stratomics.report.text.controls_and_views import control_sentence, controls_fail

__all__ = ["calibration", "controls", "coverage"]

MAIN = ("all", "class")
"""Groups to which the promise was made; of all others it is only hoped for."""

TAIL = 0.025
"""One tail of a 95% interval."""

SLOPES = (0.8, 1.25)
"""At a slope of 0.8 predictions lie a quarter too far apart (1 / 0.8), at 1.25 a fifth too close. Riley et al. 2020,
doi 10.1136/bmj.m441, ask for 0.9 when a study is planned; nearer than a fifth few cohorts can tell."""

DISTANCE = (0.05, 0.10)
"""Mean distance of predicted and observed probabilities to be watched, and to fail: five and ten points of a hundred, a
convention of ours; neither ICI nor the binned error has a threshold in the literature."""

UNEVEN = 0.05
"""D-calibration p below which curves are called miscalibrated (Haider et al. 2020, doi 10.48550/arXiv.1811.11347). In a
large cohort small faults reach it too, so that it is to be watched and does not fail alone."""


def controls(run: EvaluatedRun) -> Line:
    """Fail where a control came out off chance; watch where none was run."""
    rows = run.metrics.get("controls") or {}
    unknown = [name for name, row in rows.items() if not known(row["estimate"], row["p"])]
    if controls_fail(run.metrics):
        verdict, said = FAIL, control_sentence(run.metrics)
    elif not rows:
        verdict, said = WATCH, "No control was run, so that a leak of the outcome would not show."
    elif unknown:
        verdict, said = WATCH, f"Controls without a figure: {', '.join(unknown).replace('_', ' ')}."
    else:
        verdict, said = PASS, control_sentence(run.metrics)
    return Line("controls", "Controls at chance", verdict, said, "methods")


def calibration(run: EvaluatedRun) -> Line:
    """Judge slope, ICI and D-calibration of survival; binned error and the mean probability of a response."""
    figures = run.metrics[run.endpoint]
    found = list(_of_response(run, figures) if run.kind == "response" else _of_survival(figures))
    verdicts, said = zip(*found, strict=True)
    return Line("calibration", "Calibration", worst(verdicts), " ".join(said), "calibration")


def _of_survival(figures: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield _slope(figures.get("calibration_slope"))
    distance = figures.get("ici", {}).get("estimate")
    yield graded(distance, *DISTANCE), _distance(distance, "an event (ICI)")
    p = figures.get("d_calibration", {}).get("estimate")
    if p is None or not known(p):
        yield WATCH, "D-calibration is not known."
    elif p < UNEVEN:
        yield WATCH, f"D-calibration speaks against the curves (p {p:.2g})."
    else:
        yield PASS, f"D-calibration does not speak against the curves (p {p:.2f})."


def _slope(slope: Mapping[str, Any] | None) -> tuple[str, str]:
    if slope is None or not known(slope.get("estimate"), slope.get("low"), slope.get("high")):
        return WATCH, "The calibration slope is not known."
    off = not SLOPES[0] <= slope["estimate"] <= SLOPES[1]
    sure = not slope["low"] <= 1.0 <= slope["high"]
    if not off and not sure:
        return PASS, f"Slope {span(slope)}: no evidence against 1, which is best."
    way = "too far apart" if slope["estimate"] < 1 else "too close together"
    said = f"Slope {span(slope)}, where 1 is best: predictions lie {way}"
    if off and sure:
        return FAIL, f"{said}."
    return WATCH, f"{said}, by little." if sure else f"{said} here, though the interval holds 1."


def _of_response(run: EvaluatedRun, figures: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    error = figures.get("ece", {}).get("estimate")
    # Debiased, it may fall below 0, which is as good as 0.
    distance = max(error, 0.0) if error is not None and known(error) else None
    yield graded(distance, *DISTANCE), _distance(distance, "a response (debiased)")
    cases = run.cases["stratomics"]
    assert isinstance(cases, ResponseCases)
    predicted, positive = float(cases.probability.mean()), int(cases.positive.sum())
    low, high = exact_interval(positive, len(cases))
    said = f"{predicted:.0%} were predicted to respond, {positive / len(cases):.0%} did ({low:.0%} to {high:.0%})."
    yield PASS if low <= predicted <= high else WATCH, said


def _distance(value: float | None, what: str) -> str:
    if value is None or not known(value):
        return f"The distance of predicted and observed probabilities of {what} is not known."
    return f"Predicted and observed probabilities of {what} lie {value:.3f} apart in the mean."


def coverage(run: EvaluatedRun) -> Line:
    """Ask whether the promise lies in the exact interval of all and of each class, and whether any group has less."""
    name, check, section = "coverage", "Coverage", "uncertainty"
    every = _rows(run)
    main = [row for row in every if row["by"] in MAIN]
    groups = [row for row in every if row["by"] not in MAIN and known(row["coverage"])]
    if not main:
        return Line(name, check, WATCH, "The predictions promised no coverage.", section)
    low = [row for row in groups if _chance(row) * len(groups) < TAIL]
    verdicts = [_kept(row) for row in main] + [WATCH for _ in low]
    wide = [row for row in main if row["by"] == "all" and known(row["low"]) and row["low"] > PROMISED]
    said = f"Promised {PROMISED:.0%}; kept for {'; '.join(_told(row) for row in main)}."
    if groups:
        said += f" Of {len(groups)} other groups {len(low) or 'none'} {'is' if len(low) == 1 else 'are'} covered less, "
        said += f"adjusted for their number{': ' if low else ''}{'; '.join(_told(row) for row in low)}."
    if wide:
        verdicts.append(WATCH)
        said += " That is more than was promised: sets and bounds are wider than they need be."
    return Line(name, check, worst(verdicts), said, section)


def _rows(run: EvaluatedRun) -> list[dict[str, Any]]:
    """Rows of coverage of the deciding endpoint, and of the classes of a second one, whose sets promise it too."""
    rows = [dict(row) for row in run.metrics.get("coverage") or ()]
    for name, figures in run.metrics.items():
        if name == run.endpoint or not isinstance(figures, Mapping):
            continue
        for key in ("positive", "negative"):
            found = figures.get(f"set_coverage_{key}")
            if found is not None:
                share = {"coverage": found["estimate"], "low": found["low"], "high": found["high"]}
                rows.append({"by": "class", "level": f"{key}, {name}", **share})
    return rows


def _kept(row: Mapping[str, Any]) -> str:
    if not known(row["coverage"], row["low"], row["high"]):
        return WATCH
    return FAIL if row["high"] < PROMISED else PASS


def _chance(row: Mapping[str, Any]) -> float:
    """How often so few of a group were covered if nine in ten are, by the binomial, whole or not."""
    n = float(row.get("counted", row["n"]))
    covered = row["coverage"] * n
    return 1.0 if covered >= n else float(beta.sf(PROMISED, covered + 1.0, n - covered))


def _told(row: Mapping[str, Any]) -> str:
    who = {"all": "everybody"}.get(row["level"], row["level"])
    if not known(row["coverage"], row["low"], row["high"]):
        return f"{who}, not known"
    share, low, high = (100 * row[key] for key in ("coverage", "low", "high"))
    return f"{who} {share:.0f}% ({low:.0f} to {high:.0f}%)"
