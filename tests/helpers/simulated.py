"""Settings and values of simulated cohorts for the tests of the simulation."""

from __future__ import annotations

from typing import Any

from omics.simulate.simulate_cohort import (
    Simulated,
)

SMALL = {"rna": 6, "protein": 4, "metabolite": 4}


MANY = 3000


OUTCOMES = {"protein": 2}  # where only the outcomes are looked at


def values(simulated: Simulated, view: str) -> Any:
    return simulated.cohort[view].X
