"""Cross-conformal p values and the smallest calibration size."""

from __future__ import annotations

import numpy as np
import pytest

from models.calibration.cross_conformal import HeldOutScores, smallest_calibration_size


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.2, 0.3])
def test_smallest_calibration_size_allows_a_class_to_be_excluded(alpha: float) -> None:
    def smallest(n: int) -> float:
        zeros = np.zeros(n, dtype=np.int64)
        return float(HeldOutScores(np.zeros(n), zeros, zeros).p_values(np.ones((1, 1)), zeros[:1])[0])

    assert smallest(smallest_calibration_size(alpha)) <= alpha + 1e-12
    assert smallest(smallest_calibration_size(alpha) - 1) > alpha
