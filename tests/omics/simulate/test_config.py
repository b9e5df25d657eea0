"""Impossible settings of a simulation are errors."""

from __future__ import annotations

from typing import Any

import pytest

from omics.common.errors import ConfigError
from omics.simulate.simulate_cohort import (
    SimulationConfig,
)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"patients": 19}, "patients is 19; it must be at least 20"),
        ({"factors": 1}, "factors is 1; it must be at least 2"),
        ({"features": {}}, "features names no view"),
        ({"features": {"protien": 5}}, "unknown view in features 'protien'; did you mean 'protein'?"),
        ({"features": {"rna": 1}}, "features.rna is 1; it must be at least 2"),
        ({"signal": 1.1}, "signal is 1.1; it must be between 0 and 1"),
        ({"sites": 0}, "sites is 0"),
        ({"sites": 301}, "sites is 301; it must be between 1 and 300"),
        ({"site_effect": -0.1}, "site_effect"),
        ({"missing_views": 1.0}, "missing_views is 1; it must be between 0 and 0.95"),
        ({"prognostic_strength": -1}, "prognostic_strength"),
        ({"predictive_strength": float("nan")}, "predictive_strength is nan"),
        ({"treatment_log_hazard_ratio": 4}, "treatment_log_hazard_ratio"),
        ({"doses": ()}, "doses is empty"),
        ({"doses": (0.0, 1.0)}, "doses is 0"),
        ({"doses": (2.0, 1.0)}, "must ascend"),
        ({"doses": (1.0, 1.0)}, "must ascend"),
        ({"doses": (1.0, float("nan"))}, "must ascend"),
        ({"event_share": 1.0}, "event_share"),
        ({"patients": 100, "response_share": 0.05}, "response_share is 0.05; it must be between 0.08"),
        ({"toxicity_share": 0.0}, "toxicity_share"),
        ({"weibull_shape": 0}, "weibull_shape"),
        ({"follow_up": 0}, "follow_up"),
        ({"accrual": 1826}, "accrual is 1826; it must be between 0 and 1825"),
        ({"dropout": 1}, "dropout"),
        ({"horizon": 3000}, "horizon is 3000; it must be between 1 and 1826"),
        ({"seed": -1}, "seed"),
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        SimulationConfig(**changes)
    assert sentence in str(refusal.value)
