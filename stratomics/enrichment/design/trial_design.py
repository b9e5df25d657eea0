"""TrialDesign: the estimand, the size and the assumptions of a planned trial, with the source of each assumption."""

from __future__ import annotations

import math
from dataclasses import dataclass

from omics.common.errors import DesignError
from stratomics.enrichment.design.checks import require_power, require_share

__all__ = ["Assumption", "Estimand", "TrialDesign", "boundary_or_none"]


@dataclass(frozen=True)
class Assumption:
    """An assumption behind the size of a trial, with its source: a cohort, a paper, or the person who made it."""

    name: str
    value: float | str
    source: str

    def __post_init__(self) -> None:
        if not self.source.strip():
            raise DesignError(
                f"the assumption '{self.name}' has no source; state where {self.value} comes from"
            )


@dataclass(frozen=True)
class Estimand:
    """Estimand of the trial, by the five attributes of ICH E9 (R1)."""

    population: str
    treatment: str
    endpoint: str
    intercurrent_events: str
    summary: str


@dataclass(frozen=True)
class TrialDesign:
    """A planned trial, stored as ``design.json``.

    Attributes
    ----------
    name
        Name of the design, such as all_comers or enrichment.
    estimand
        Estimand of the trial.
    alpha, power
        Level and power; `alpha` is one-sided and familywise.
    allocation
        Share of patients randomised to treatment.
    multiplicity
        Control of the level over populations and looks, in words.
    patients, tested
        Largest numbers of randomised patients and of assays.
    events, efficacy, futility
        (looks,) cumulative events and boundaries of z at each look. Events are empty for an endpoint without events; a
        boundary that does not exist is None.
    duration
        Expected time from the first patient to the final analysis; None if it was not computed.
    cost
        Expected cost, in the unit of the costs.
    assumptions
        Assumptions, each with its source.

    Examples
    --------
    >>> estimand = Estimand("Ki-67 above 14", "letrozole or tamoxifen", "survival", "treatment policy", "hazard ratio")
    >>> design = TrialDesign("enrichment", estimand, 0.025, 0.8, 0.5, "one test", 342, 933, (52,), (1.96,), (None,),
    ...                      48.0, 342.0, (Assumption("hazard ratio", 0.461, "BIG 1-98"),))
    >>> design.estimand.summary, design.patients
    ('hazard ratio', 342)
    """

    name: str
    estimand: Estimand
    alpha: float
    power: float
    allocation: float
    multiplicity: str
    patients: int
    tested: int
    events: tuple[int, ...]
    efficacy: tuple[float | None, ...]
    futility: tuple[float | None, ...]
    duration: float | None
    cost: float
    assumptions: tuple[Assumption, ...]

    def __post_init__(self) -> None:
        require_power(self.power, self.alpha)
        require_share("the allocation", self.allocation)
        if not self.assumptions:
            raise DesignError(
                "the design has no assumptions; state the assumptions behind its size, and their sources"
            )
        if len(self.efficacy) != len(self.futility) or len(self.events) not in {0, len(self.efficacy)}:
            raise DesignError(
                f"{len(self.efficacy)} boundaries of efficacy, {len(self.futility)} of futility and {len(self.events)} "
                "numbers of events; there must be one of each per look"
            )


def boundary_or_none(z: float) -> float | None:
    """Convert a boundary for JSON, which has no infinity: None if there is no boundary."""
    return None if math.isinf(z) else z
