"""Numbers of patients, against R."""

from __future__ import annotations

import pytest
from trials import GOLDEN

from stratomics.enrichment.selection.patients_needed import patients_needed


def test_patients_for_a_restricted_mean_are_rs() -> None:
    """Colon, Lev+5FU against Obs, 1825 days: 433 an arm for 80%, by (z_a + z_b)^2 (s0^2 + s1^2) / D^2."""
    effect = GOLDEN["effects"]["colon_rmst_1825"]
    assert patients_needed(effect["difference"], effect["se"], 619, 0.8) / 2 == pytest.approx(433, abs=1)
