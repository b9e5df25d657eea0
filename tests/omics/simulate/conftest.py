"""Two large simulated cohorts that several test files share."""

from __future__ import annotations

import pytest
from simulated import MANY, OUTCOMES

from omics.simulate.simulate_cohort import (
    Simulated,
    SimulationConfig,
    simulate,
)
from omics.simulate.simulated_views import VIEWS


@pytest.fixture(scope="session")
def plain() -> Simulated:
    """Many patients, all views complete, no sites: so that marginal distributions are as documented."""
    features = dict.fromkeys(VIEWS, 40)
    return simulate(SimulationConfig(MANY, features=features, missing_views=0, site_effect=0, seed=1))


@pytest.fixture(scope="session")
def trial() -> Simulated:
    """Many patients, outcomes only."""
    return simulate(SimulationConfig(6000, features=OUTCOMES, missing_views=0, seed=2))
