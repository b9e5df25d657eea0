"""How often the checks of the report card give watch or fail for a calibrated model in patients like those of training.

The full size gives the figures of docs/report.md; the small one can still fail.
"""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import saved_run
from claims import at_most, repetitions
from saved_run import SavedRun

from omics.common.registry import resolve
from stratomics.report.card import CHECKS, FAIL, PASS

LARGEST = {
    "calibration": (0.3, 0.06),
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
