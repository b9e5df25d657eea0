"""The density ratio of new to training patients."""

from __future__ import annotations

import numpy as np
import pytest

from models.calibration.density_ratio import DensityRatio
from omics.common.errors import FitError


def test_the_density_ratio_of_two_normals() -> None:
    """exp(s x - s^2 / 2), so that the slope is s; n 5,000 each, SE 0.02."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(5000, 3))
    ratio = DensityRatio.fit(x, rng.normal([0.7, 0.0, 0.0], size=(5000, 3)))
    assert ratio.coefficients == pytest.approx([0.7, 0.0, 0.0], abs=0.08)
    same = DensityRatio.fit(x, rng.normal(size=(5000, 3)))
    assert same.weights(x, x).effective > 4900
    with pytest.raises(FitError, match="not finite"):
        DensityRatio.fit(np.full((3, 1), np.nan), np.zeros((3, 1)))
