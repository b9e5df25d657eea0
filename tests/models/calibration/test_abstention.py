"""Abstention for out-of-distribution and uncertain patients."""

from __future__ import annotations

import numpy as np
import pytest

from models.calibration.abstention import OOD_LIMIT, abstention_reason, spread_limit


def test_abstention_of_out_of_distribution_and_uncertain_patients() -> None:
    ood = np.array([OOD_LIMIT, np.nextafter(OOD_LIMIT, 1), 0.0, 1.0])
    uncertain = np.array([False, False, True, True])
    unlike = "unlike training patients"
    assert list(abstention_reason(ood, uncertain)) == ["", unlike, "uncertain", f"{unlike}; uncertain"]


def test_a_tenth_of_training_is_above_the_spread_limit() -> None:
    spread = np.random.default_rng(0).gamma(2.0, size=500)
    assert (spread > spread_limit(spread)).mean() == pytest.approx(0.1)
    assert not (np.zeros(50) > spread_limit(np.zeros(50))).any()
