"""Binary response: groups of the calibration plot, and measures with the clinical baseline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from saved_run import SavedRun
from section_text import panels_and_text

from stratomics.report.sections.response_calibration import calibration, calibration_points


def test_calibration_groups_contain_every_patient_once() -> None:
    rng = np.random.default_rng(0)
    for n in (3, 14, 40, 500):
        probability = rng.random(n)
        positive = rng.random(n) < probability
        points = calibration_points(probability, positive)
        assert sum(point[4] for point in points) == n
        assert sum(point[2] * point[4] for point in points) == pytest.approx(positive.sum())
        assert len(points) == max(1, min(5, n // 15))
        for mean, low, observed, high, _ in points:
            assert 0 <= low <= observed <= high <= 1
            assert 0 <= mean <= 1


def test_calibration_intervals_without_and_with_only_positive_patients() -> None:
    """Clopper and Pearson at 0 of 15: the upper bound solves (1 - p)^15 = 0.025."""
    [none] = calibration_points(np.full(15, 0.5), np.zeros(15, dtype=bool))
    [everyone] = calibration_points(np.full(15, 0.5), np.ones(15, dtype=bool))
    assert none[1:4] == pytest.approx((0.0, 0.0, 1 - 0.025 ** (1 / 15)))
    assert everyone[1:4] == pytest.approx((0.025 ** (1 / 15), 1.0, 1.0))


def test_calibration_of_a_response_states_slopes(tmp_path: Path) -> None:
    panels, text = panels_and_text(calibration(SavedRun(tmp_path / "run").run("response")))
    groups = panels["calibration"].table["group by prediction"]
    assert (
        groups.str.startswith("clinical logistic, ").sum() == groups.str.startswith("stratomics, ").sum() == 5
    )
    assert "stratomics: calibration slope" in text
    assert "clinical logistic: calibration slope" in text
