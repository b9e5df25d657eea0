"""How often the checks of the report card give watch or fail for a calibrated model in patients like those of training.

The full size gives the figures of docs/report.md; the small one can still fail.
"""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import saved_run
from claims import at_most, repetitions
from numpy.typing import NDArray
from saved_run import SavedRun

from datamodules.batch import Batch
from models.factors.loadings import Loadings, named_loadings
from models.factors.pca import PCA
from models.factors.stability import split_half_fits, stability
from omics.cohort.endpoints import Endpoints
from omics.common.registry import resolve
from stratomics.report.card import CHECKS, FAIL, PASS, WATCH
from stratomics.report.card.stability import factor_verdict

LARGEST = {
    "calibration": (0.3, 0.09),
    "coverage": (0.06, 0.03),
    "missing": (0.08, 0.02),
    "sites": (0.12, 0.02),
}
"""Check -> largest shares of runs without a fault that do not pass, and that fail."""

FINE = np.linspace(0.01, 12.0, 400)
"""Times of the predicted curves, close enough that their steps do not count as miscalibration."""

ASSESSED = {
    "survival": ("calibration", "coverage", "missing", "sites"),
    "response": ("calibration", "missing", "sites"),
}
"""Kind of endpoint -> checks that can be wrong by chance. Response sets of these runs have no nominal coverage."""

NOT_AVAILABLE = ("response", 100, "calibration")
"""The debiased calibration error needs more patients, and a missing result never passes."""


def plain(rng: np.random.Generator, n: int) -> Any:
    """Patients of three sites, with views that are missing at random; the model of SavedRun is the true one."""

    def change(arrays: dict[str, Any]) -> None:
        arrays["patients"] = {
            "site": np.array(["a", "b", "c"])[rng.integers(3, size=n)],
            "view.rna": rng.random(n) < 0.7,
            "view.protein": rng.random(n) < 0.8,
        }

    return change


def verdicts(folder: Path, kind: str, n: int, seed: int) -> dict[str, str]:
    """Verdict of each check in one simulated run."""
    run = SavedRun(folder, n=n, repeats=1, draws=200, seed=seed).run(
        kind, plain(np.random.default_rng(seed), n)
    )
    found = {name: resolve(CHECKS, name, "check")(run).verdict for name in ASSESSED[kind]}
    shutil.rmtree(folder)
    return found


def factors(n: int, strengths: NDArray[np.float64], count: int, seed: int) -> pd.DataFrame:
    """Stability of `count` factors of a cohort of three views, whose true factors have loadings of these strengths."""
    rng = np.random.default_rng([18, seed])
    z, views = rng.normal(size=(n, len(strengths))), {}
    for name, features in {"a": 200, "b": 80, "c": 80}.items():
        loadings = rng.normal(size=(features, len(strengths))) * strengths
        views[name] = (z @ loadings.T + rng.normal(size=(n, features))).astype(np.float32)
    seen = {name: np.ones(x.shape, dtype=bool) for name, x in views.items()}
    ids, none = np.array([f"p{i}" for i in range(n)]), np.zeros((n, 0), np.float32)
    batch = Batch(ids, views, seen, none, (), Endpoints({}, "none"))

    def fit(part: Batch, seed: int) -> Loadings:
        names = {name: pd.RangeIndex(x.shape[1]).astype(str) for name, x in part.views.items()}
        return named_loadings(names, PCA(count, seed).fit(part))

    reference = fit(batch, 0)
    return stability(reference, list(split_half_fits(fit, batch, seed)), [reference])


@pytest.mark.parametrize(
    ("n", "true", "expected", "others"),
    [
        (100, 15, PASS, 0.6),
        (200, 15, PASS, 0.1),
        (300, 15, PASS, 0.02),
        (100, 7, WATCH, 0.01),
        (300, 7, WATCH, 0.01),
    ],
)
@repetitions(12, 400, quick=True)
def test_factors_that_exist_pass_and_factors_of_noise_do_not(
    n: int, true: int, expected: str, others: float, repetitions: int
) -> None:
    """Fifteen factors are fitted: to as many true ones, or to seven, so that eight describe noise."""
    strengths = np.linspace(0.8, 0.4, true)
    found = Counter(factor_verdict(factors(n, strengths, 15, seed)) for seed in range(repetitions))
    assert found[expected] >= repetitions - at_most(others, repetitions, 5)


@pytest.mark.parametrize("kind", ["survival", "response"])
@pytest.mark.parametrize("n", [100, 300])
@repetitions(12, 400)
def test_runs_without_a_fault_rarely_fail(
    kind: str, n: int, repetitions: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_run, "TIMES", FINE)
    runs = [verdicts(tmp_path / "run", kind, n, seed) for seed in range(repetitions)]
    for check in ASSESSED[kind]:
        counts = Counter(run[check] for run in runs)
        not_passed, failed = repetitions - counts[PASS], counts[FAIL]
        largest = LARGEST[check]
        if (kind, n, check) == NOT_AVAILABLE:
            assert not_passed == repetitions
            continue
        assert not_passed <= at_most(largest[0], repetitions, 16), (kind, n, check)
        assert failed <= at_most(largest[1], repetitions, 16), (kind, n, check)
