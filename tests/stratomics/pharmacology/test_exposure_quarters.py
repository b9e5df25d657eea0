"""Risks by hand; quarters hold all patients, in order of exposure."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from omics.cohort.endpoints import Response, Survival
from stratomics.pharmacology.exposure_quarters import outcome_quarters, risk_at


def test_risks_by_hand() -> None:
    seen = np.ones(4, dtype=bool)
    survival = Survival(np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, False, True, False]), seen)
    # 3 of 4 survive the first event, 1 of 2 the second.
    assert risk_at(survival, 3.5)[0] == pytest.approx(1 - 0.75 * 0.5)
    assert risk_at(survival, 0.5) == (0.0, 0.0, 0.0)
    assert np.isnan(risk_at(survival, 9.0)).all()
    assert risk_at(Response(np.array([True, False, False, False]), seen), np.nan)[0] == 0.25


def test_quarters_hold_all_patients_in_order() -> None:
    rng = np.random.default_rng(0)
    x, seen = rng.normal(size=200), np.ones(200, dtype=bool)
    survival = Survival(np.ceil(rng.exponential(50, 200)), rng.random(200) < 0.7, seen)
    response = Response(rng.random(200) < 0.4, seen)
    for endpoint in (survival, response):
        quarters = outcome_quarters(endpoint, x, 40.0)
        assert [one.patients for one in quarters] == [50] * 4
        assert sum(one.events for one in quarters) == endpoint.label.sum()
        assert all(one.low <= one.risk <= one.high for one in quarters)
        assert all(a.most < b.least for a, b in pairwise(quarters))
    assert outcome_quarters(survival, np.full(200, np.nan), 40.0) == []
