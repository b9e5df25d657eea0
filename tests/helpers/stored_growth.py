"""Growth of tumours as a run stores it, of three patients, without a fit."""

from __future__ import annotations

import pandas as pd

from stratomics.pharmacology.tumour_store import StoredGrowth

EVIL = "<script>alert(1)</script>"
"""A covariate, and a note."""

SLOPES = (0.3, -0.2, 0.06, 0.004)
"""Slopes of the factors; the last counts as 0."""

HALF = 0.1
"""Half of the width of the intervals of factors."""


def growth(
    *, exposure: bool = True, curve: str = "stein", factors: tuple[float, ...] = SLOPES
) -> StoredGrowth:
    """Return slopes of factors, of one covariate, and of exposure."""
    others = [(EVIL, 0.05, -0.1, 0.2, False), *([("exposure", -0.3, -0.5, -0.1, False)] if exposure else [])]
    learned = [
        (f"factor{number}", slope, slope - HALF, slope + HALF, True)
        for number, slope in enumerate(factors, start=1)
    ]
    rows = [("with factors", *row) for row in (*learned, *others)]
    rows += [("without factors", *row) for row in others]
    return StoredGrowth(
        curve=curve,
        exposure=exposure,
        additive=1.5,
        proportional=0.1,
        gain=0.2,
        gain_se=0.05,
        notes=(f"A note on {EVIL}.",),
        typical=pd.DataFrame(
            {
                "parameter": ["size", "shrinkage", "growth"],
                "typical": [60.0, 0.05, 0.015],
                "low": [55.0, 0.04, 0.012],
                "high": [65.0, 0.06, 0.018],
                "spread": [0.4, 0.5, 0.4],
            }
        ),
        slopes=pd.DataFrame(rows, columns=["model", "predictor", "slope", "low", "high", "factor"]),
        forecasts=pd.DataFrame(
            {
                "landmark": ["baseline", "baseline", "first follow-up"],
                "sample_id": ["a", "b", "a"],
                "time": [6.0, 6.0, 12.0],
                "size": [50.0, 50.0, 40.0],
                "with_factors": [55.0, 55.0, 40.0],
                "without_factors": [60.0, 60.0, 44.0],
                "last": [75.0, 75.0, 50.0],
            }
        ),
        patients=pd.DataFrame({"sample_id": ["a", "b", "c"], "after_baseline_growth": [0.1, 0.2, 0.3]}),
    )
