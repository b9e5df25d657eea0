"""The report card: every check gives pass, watch and fail where it should, and missing values never pass."""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from places import FROZEN

from models.prediction import Prediction
from omics.cohort.endpoints import Response
from omics.common.registry import resolve
from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.comparison import resamples
from stratomics.evaluation.site_effects import explained_by_site
from stratomics.evaluation.variability import fold_discrimination, repeat_scores
from stratomics.report.card import CHECKS, FAIL, PASS, WATCH, Line, report_card
from stratomics.report.card.patients import missing_views_line
from stratomics.runs.run_directory import RunDirectory

N, FOLDS, REPEATS = 400, 5, 3
RNG = np.random.default_rng(0)
SCORE = RNG.normal(size=N)
POSITIVE = RNG.random(N) < 1 / (1 + np.exp(-1.5 * SCORE))
FOLD = np.stack([RNG.permutation(N) % FOLDS for _ in range(REPEATS)])
SITE = np.where(np.arange(N) % 2, "north", "south")


def figure(estimate: float, low: float, high: float) -> dict[str, float]:
    return {"estimate": estimate, "low": low, "high": high}


def covered(by: str, level: str, coverage: float, low: float, high: float, n: int = 100) -> dict[str, Any]:
    return {"by": by, "level": level, "n": n, "coverage": coverage, "low": low, "high": high, "width": 1.3}


def control(off: bool = False, **changes: float) -> dict[str, Any]:
    return {"metric": "auroc", **figure(0.5, 0.45, 0.55), "p": 0.5, "off": off, **changes}


METRICS: dict[str, Any] = {
    "endpoint": "os",
    "metric": "log_loss",
    "os": {
        "log_loss": figure(0.5, 0.4, 0.6),
        "ece": {"estimate": 0.01},
        "calibration_slope": figure(1.0, 0.8, 1.2),
        "ici": {"estimate": 0.01},
        "d_calibration": {"estimate": 0.5},
    },
    "coverage": [covered("all", "all", 0.9, 0.86, 0.94, N), covered("class", "positive", 0.89, 0.8, 0.95)],
    "controls": {"noise_view": control()},
}


@dataclass(frozen=True)
class Made:
    """A run of 400 patients from two sites, for which every check passes."""

    metrics: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(METRICS))
    kind: str = "response"
    endpoint: str = "os"
    provenance: dict[str, Any] = field(default_factory=lambda: {"design": {"design": "kfold"}})
    site: NDArray[np.str_] = field(default_factory=lambda: SITE)
    positive: NDArray[np.bool_] = field(default_factory=lambda: POSITIVE)
    score: NDArray[np.float64] = field(default_factory=lambda: SCORE)
    lacking: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(N, dtype=bool))
    repeats: int = REPEATS
    variation: float = 0.02
    draws: int = 200
    abstain: float = 0.05
    ood: float = 0.5
    factor_stability: pd.DataFrame | None = field(
        default_factory=lambda: pd.DataFrame(
            {"stability": [0.9, 0.8, 0.1], "verdict": ["stable", "stable", "poor"]}
        )
    )

    @property
    def patients(self) -> pd.DataFrame:
        return pd.DataFrame(
            {"sample_id": [f"p{i}" for i in range(N)], "site": self.site, "view.rna": ~self.lacking}
        )

    @property
    def evaluated(self) -> pd.DataFrame:
        return self.patients

    @property
    def outcome(self) -> Response:
        return Response(self.positive, np.ones(N, dtype=bool))

    @property
    def cases(self) -> dict[str, ResponseCases]:
        noise = np.random.default_rng(1).normal(size=(self.repeats, 1))
        probability = 1 / (1 + np.exp(-1.5 * self.score - self.variation * noise))
        return {"stratomics": ResponseCases(self.positive, probability, FOLD[: self.repeats])}

    @property
    def resamples(self) -> NDArray[np.float64]:
        return resamples(np.arange(N), self.draws, 1)

    @property
    def predictions(self) -> dict[str, Prediction]:
        rows = pd.DataFrame({"sample_id": self.patients["sample_id"], "repeat": 0, "fold": FOLD[0]})
        abstain = np.arange(N) < self.abstain * N
        return {"stratomics": Prediction(rows.assign(abstain=abstain, ood=self.ood), {})}


def line(name: str, run: Any) -> Line:
    found: Line = resolve(CHECKS, name, "check")(run)
    return found


def changed(path: tuple[Any, ...], value: Any, **more: Any) -> Made:
    """A run with another value in one place of its metrics."""
    metrics: Any = copy.deepcopy(METRICS)
    place = metrics
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return Made(metrics=metrics, **more)


def survival(path: tuple[Any, ...] = (), value: Any = None) -> Made:
    run = changed(("os", *path), value) if path else Made()
    return dataclasses.replace(run, kind="survival")


def off_by(ici: float, slope: dict[str, float]) -> Made:
    """A survival run with that integrated calibration index and that slope."""
    run = survival(("ici",), {"estimate": ici})
    run.metrics["os"]["calibration_slope"] = slope
    return run


BY_SITE = SCORE + np.where(SITE == "north", 8.0, 0.0)
"""Scores that mainly reflect the site."""
REVERSED = np.where(SITE == "north", -SCORE, SCORE)
UNEVEN = np.where(SITE == "north", 0.1 * SCORE + RNG.normal(size=N), SCORE)
FOLDWISE = np.where(FOLD[0] <= 1, -SCORE, SCORE)
ONE_FOLD = np.where(FOLD[0] == 1, -SCORE, SCORE)
FEW = np.arange(N) < 15
SOME = np.arange(N) % 5 == 0

LACKING_BAD = POSITIVE & (np.arange(N) % 4 > 0)
"""Patients without the view, most of them with a positive response."""
_ASSOCIATED = np.flatnonzero(POSITIVE)[:24], np.flatnonzero(~POSITIVE)[:8]
LACKING_ASSOCIATED = np.isin(np.arange(N), np.concatenate(_ASSOCIATED))
LACKING_FREE = np.arange(N) % 10 == 3

SPREAD = float(np.std(repeat_scores(Made(variation=1.0).cases["stratomics"], "log_loss"), ddof=1))
"""Standard deviation between repeats that vary strongly."""

MADE: dict[str, dict[str, list[Made]]] = {
    "controls": {
        PASS: [Made()],
        WATCH: [
            changed(("controls",), {}),
            changed(("controls",), None),
            changed(("controls", "noise_view", "p"), np.nan),
        ],
        FAIL: [changed(("controls", "noise_view"), control(True, estimate=0.7, p=1e-5))],
    },
    "calibration": {
        PASS: [Made(), survival(), survival(("calibration_slope",), figure(1.2, 0.9, 1.6))],
        WATCH: [
            changed(("os", "ece"), {"estimate": 0.07}),
            Made(positive=POSITIVE | (SCORE > 0)),
            survival(("calibration_slope",), figure(0.9, 0.82, 0.98)),
            survival(("calibration_slope",), figure(0.6, 0.1, 1.2)),
            survival(("d_calibration",), {"estimate": 0.001}),
            survival(("ici",), {"estimate": 0.06}),
            # Predictions are too moderate, but probabilities are close.
            survival(("calibration_slope",), figure(1.6, 1.2, 2.0)),
            survival(("calibration_slope",), {"estimate": 1.0}),
        ],
        FAIL: [
            changed(("os", "ece"), {"estimate": 0.11}),
            survival(("calibration_slope",), figure(0.6, 0.4, 0.8)),
            off_by(0.07, figure(1.6, 1.2, 2.0)),
            survival(("ici",), {"estimate": 0.2}),
        ],
    },
    "coverage": {
        # One small site is below nominal coverage by chance.
        PASS: [
            Made(),
            *[changed(("coverage",), [*METRICS["coverage"], covered("site", "a", 0.7, 0.35, 0.93, 10)])],
        ],
        WATCH: [
            changed(("coverage",), []),
            changed(("coverage",), [covered("all", "all", 0.97, 0.94, 0.99, N)]),
            changed(("coverage",), [*METRICS["coverage"], covered("site", "a", 0.6, 0.49, 0.7)]),
        ],
        FAIL: [
            changed(("coverage", 0), covered("all", "all", 0.8, 0.76, 0.84, N)),
            # Coverage is nominal overall, but low in responders.
            changed(("coverage", 1), covered("class", "positive", 0.6, 0.5, 0.7)),
            changed(("response",), {"set_coverage_positive": figure(0.6, 0.5, 0.7)}),
        ],
    },
    "missing": {
        PASS: [Made(), Made(lacking=LACKING_FREE)],
        WATCH: [Made(lacking=LACKING_ASSOCIATED)],
        FAIL: [Made(lacking=LACKING_BAD)],
    },
    "sites": {
        PASS: [Made()],
        WATCH: [
            Made(site=np.full(N, "north")),
            Made(site=np.where(np.arange(N) < 5, "north", "south")),
            Made(score=UNEVEN),
            Made(draws=1),
        ],
        FAIL: [Made(score=BY_SITE), Made(score=REVERSED)],
    },
    "size": {
        PASS: [Made()],
        WATCH: [Made(positive=SOME), Made(positive=~SOME)],
        FAIL: [Made(positive=FEW), Made(positive=~FEW)],
    },
    "stability": {
        PASS: [Made()],
        WATCH: [
            Made(factor_stability=None),
            Made(factor_stability=pd.DataFrame({"stability": [0.1, 0.2], "verdict": ["poor", "poor"]})),
            # Half of the factors are poor.
            Made(factor_stability=pd.DataFrame({"stability": [0.9, 0.2], "verdict": ["stable", "poor"]})),
            # Two of five, which is more than a third.
            Made(
                factor_stability=pd.DataFrame(
                    {"stability": [0.9, 0.8, 0.9, 0.2, 0.1], "verdict": ["stable"] * 3 + ["poor"] * 2}
                )
            ),
            Made(repeats=1),
            Made(score=ONE_FOLD, repeats=1),
            changed(("os", "log_loss"), figure(0.5, 0.5 - SPREAD / 0.8, 0.5 + SPREAD / 0.8), variation=1.0),
        ],
        FAIL: [
            Made(score=FOLDWISE, repeats=1),
            changed(("os", "log_loss"), figure(0.5, 0.5 - SPREAD / 1.2, 0.5 + SPREAD / 1.2), variation=1.0),
        ],
    },
    "ood": {
        PASS: [Made()],
        WATCH: [Made(abstain=0.3), Made(ood=np.nan)],
        FAIL: [Made(abstain=0.6), Made(ood=0.99)],
    },
}


def test_every_check_is_tested_with_every_verdict() -> None:
    assert set(MADE) == set(CHECKS)
    assert all(set(tested) == {PASS, WATCH, FAIL} for tested in MADE.values())


@pytest.mark.parametrize(
    ("name", "verdict", "number"),
    [(name, v, i) for name, tested in MADE.items() for v, runs in tested.items() for i in range(len(runs))],
)
def test_each_run_has_the_expected_verdict(name: str, verdict: str, number: int) -> None:
    found = line(name, MADE[name][verdict][number])
    assert (found.name, found.verdict) == (name, verdict), found.reason
    assert found.reason.endswith(".")
    assert "nan" not in found.reason.lower()
    assert "None" not in found.reason


UNKNOWN: dict[str, list[tuple[Any, ...]]] = {
    "controls": [("controls", "noise_view", key) for key in ("estimate", "p")],
    "calibration": [
        *(("os", "calibration_slope", key) for key in ("estimate", "low", "high")),
        ("os", "ici", "estimate"),
        ("os", "d_calibration", "estimate"),
    ],
    "coverage": [("coverage", row, key) for row in (0, 1) for key in ("coverage", "low", "high")],
    "stability": [("os", "log_loss", "low"), ("os", "log_loss", "high")],
}


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        (name, path, value)
        for name, paths in UNKNOWN.items()
        for path in paths
        # The declared metric always has an interval.
        for value in ((np.nan, np.inf) if name == "stability" else (np.nan, np.inf, None))
    ],
)
def test_a_missing_value_never_passes(name: str, path: tuple[Any, ...], value: float | None) -> None:
    run = changed(path, value)
    run = dataclasses.replace(run, kind="survival") if name == "calibration" else run
    assert line(name, run).verdict != PASS


@pytest.mark.parametrize("value", [np.nan, None])
def test_a_missing_calibration_error_never_passes(value: float | None) -> None:
    assert line("calibration", changed(("os", "ece"), {"estimate": value})).verdict == WATCH
    metrics = copy.deepcopy(METRICS)
    del metrics["os"]["ece"]
    assert line("calibration", Made(metrics=metrics)).verdict == WATCH


def views(**columns: list[Any]) -> pd.DataFrame:
    n = len(columns["missing"])
    table = {"view": [f"v{i}" for i in range(n)], "n": [100] * n, "endpoint_effect": [1.0] * n, **columns}
    return pd.DataFrame(table).assign(share=lambda t: t["missing"] / t["n"])


def test_low_coverage_in_a_group_is_named_even_if_chance_may_explain_it() -> None:
    rows = [
        *METRICS["coverage"],
        covered("views", "without rna", 0.7, 0.44, 0.9, 17),
        covered("site", "b", 0.5, 0.1, 0.9, 4),
    ]
    found = line("coverage", changed(("coverage",), rows))
    assert found.verdict == PASS
    assert "The lowest of the others is without rna 70% (44 to 90%)" in found.reason
    # A shortfall that chance does not explain gives watch, and is named too.
    rows[-2] = covered("views", "without rna", 0.59, 0.33, 0.82, 17)
    found = line("coverage", changed(("coverage",), rows))
    assert (found.verdict, "without rna 59% (33 to 82%)" in found.reason) == (WATCH, True)
    near = [*METRICS["coverage"], covered("site", "a", 0.85, 0.7, 0.95, 40)]
    assert "lowest" not in line("coverage", changed(("coverage",), near)).reason


def test_d_calibration_that_can_hardly_reject_says_so() -> None:
    few = dataclasses.replace(survival(), positive=np.arange(N) % 5 == 0)
    many = dataclasses.replace(survival(), positive=np.arange(N) % 5 > 0)
    assert (
        "can hardly detect miscalibration here: 80% of the patients are censored"
        in line("calibration", few).reason
    )
    assert "gives no evidence" in line("calibration", many).reason


def test_a_control_far_below_chance_says_why_that_is_no_fault() -> None:
    below = line("controls", changed(("controls", "noise_view"), control(estimate=0.39, low=0.34, high=0.47)))
    assert below.verdict == PASS
    assert "Values below 0.5 are no fault" in below.reason
    assert "Values below" not in line("controls", Made()).reason


def test_missing_views_are_tested_with_holm_adjustment() -> None:
    nothing = [np.nan, np.nan]
    # Two p values of 0.03 are 0.06 after Holm adjustment; a single one would give WATCH.
    two = views(missing=[20, 20], endpoint_p=[0.03, 0.04], arm_p=nothing)
    assert missing_views_line(two).verdict == PASS
    assert missing_views_line(two.iloc[:1]).verdict == WATCH
    # An arm doubles the number of tests.
    arm = views(missing=[20, 20], endpoint_p=[0.5, 0.5], arm_p=[1e-5, 0.5])
    assert missing_views_line(arm).verdict == FAIL
    assert "v0 and the arm, p 4e-05, adjusted for 4 tests" in missing_views_line(arm).reason
    # Untested associations do not pass, unless very few patients lack the view.
    assert missing_views_line(views(missing=[20, 20], endpoint_p=nothing, arm_p=nothing)).verdict == WATCH
    assert (
        missing_views_line(views(missing=[20, 20], endpoint_p=[0.5, np.nan], arm_p=nothing)).verdict == WATCH
    )
    assert missing_views_line(views(missing=[20, 2], endpoint_p=[0.5, np.nan], arm_p=nothing)).verdict == PASS
    assert missing_views_line(views(missing=[0, 0], endpoint_p=nothing, arm_p=nothing)).verdict == PASS


def test_sites_explain_nothing_by_chance_and_everything_if_they_decide() -> None:
    shares = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        cases = ResponseCases(rng.random(60) < 0.5, rng.random((1, 60)), np.zeros((1, 60), dtype=np.int64))
        shares.append(explained_by_site(cases, rng.choice(["a", "b", "c", "d"], 60)))
    # Because the share is truncated at 0, its mean is about 0.4 standard deviations above 0, here 0.04.
    assert np.mean(shares) < 0.04
    site = np.repeat(["a", "b"], 30)
    fold = np.zeros((1, 60), dtype=np.int64)
    decided = ResponseCases(np.arange(60) < 30, np.where(site == "a", 0.2, 0.8)[None], fold)
    assert explained_by_site(decided, site) == pytest.approx(1.0)
    # If folds are sites, predictions of different sites cannot be compared.
    apart = dataclasses.replace(decided, fold=(site == "a").astype(np.int64)[None])
    assert explained_by_site(apart, site) is None
    # By hand, with three ranks per site: the residual sum of squares is 2 x 2 of 17.5, adjusted by 5 / 4.
    six = ResponseCases(np.arange(6) < 3, np.arange(6.0)[None] / 6, np.zeros((1, 6), dtype=np.int64))
    assert explained_by_site(six, np.repeat(["a", "b"], 3)) == pytest.approx(1 - 4 / 17.5 * 5 / 4)


def test_variability_is_computed_per_repeat_and_fold() -> None:
    from sklearn.metrics import log_loss, roc_auc_score

    cases = Made(variation=0.5).cases["stratomics"]
    assert repeat_scores(cases, "log_loss") == pytest.approx(
        [log_loss(POSITIVE, p) for p in cases.probability]
    )
    expected = [
        roc_auc_score(POSITIVE[fold == number], p[fold == number])
        for p, fold in zip(cases.probability, cases.fold, strict=True)
        for number in range(FOLDS)
    ]
    assert fold_discrimination(cases, "response") == pytest.approx(expected)


def test_the_card_of_a_saved_run_has_every_line() -> None:
    card = report_card(RunDirectory(FROZEN))
    assert [one.name for one in card] == list(CHECKS)
    assert {one.name: one.verdict for one in card} == {
        "controls": WATCH,  # none was run
        "calibration": WATCH,
        "coverage": PASS,
        "missing": PASS,
        "sites": WATCH,
        "size": WATCH,
        "stability": WATCH,
        "ood": PASS,
    }
