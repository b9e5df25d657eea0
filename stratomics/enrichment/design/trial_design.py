"""TrialDesign: what a trial is planned to show, how, and on which assumptions, with their sources."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from omics.common.errors import DesignError, InputError
from omics.common.files import read_json, write_json
from stratomics.enrichment.design.checks import require_power, require_share

__all__ = ["Assumption", "Estimand", "TrialDesign", "boundary_or_none"]


@dataclass(frozen=True)
class Assumption:
    """What the size of a trial rests on, and where it comes from: a cohort, a paper, or who assumed it."""

    name: str
    value: float | str
    source: str

    def __post_init__(self) -> None:
        if not self.source.strip():
            raise DesignError(
                f"the assumption '{self.name}' has no source; say where {self.value} comes from"
            )


@dataclass(frozen=True)
class Estimand:
    """What is to be estimated, by the five attributes of ICH E9 (R1)."""

    population: str
    treatment: str
    endpoint: str
    intercurrent_events: str
    summary: str


@dataclass(frozen=True)
class TrialDesign:
    """A planned trial, as ``design.json`` keeps it.

    Attributes
    ----------
    name
        Of the design, such as all_comers or enrichment.
    estimand
        What is to be estimated.
    alpha, power
        `alpha` is one-sided and familywise.
    allocation
        Share randomised to treatment.
    multiplicity
        How the level is kept over populations and looks, in words.
    patients, tested
        Randomised, and assays made; at most.
    events, efficacy, futility
        (looks,) cumulative events and boundaries of z at each look; events are empty where the endpoint has none,
        a boundary is None where there is none.
    duration
        Expected time from the first patient to the final analysis, None where none was worked out.
    cost
        Expected, in the unit of the costs.
    assumptions
        Each with its source.

    Examples
    --------
    >>> estimand = Estimand("Ki-67 above 14", "letrozole or tamoxifen", "survival", "treatment policy", "hazard ratio")
    >>> design = TrialDesign("enrichment", estimand, 0.025, 0.8, 0.5, "one test", 342, 933, (52,), (1.96,), (None,),
    ...                      48.0, 342.0, (Assumption("hazard ratio", 0.461, "BIG 1-98"),))
    >>> TrialDesign.from_json(design.to_json()) == design
    True
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
                "a design without assumptions; say what its size rests on, and where that comes from"
            )
        if len(self.efficacy) != len(self.futility) or len(self.events) not in {0, len(self.efficacy)}:
            raise DesignError(
                f"{len(self.efficacy)} boundaries of efficacy, {len(self.futility)} of futility and {len(self.events)} "
                "numbers of events; there must be one of each a look"
            )

    def to_json(self) -> dict[str, Any]:
        """Content of ``design.json``."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Read the content of ``design.json``."""
        known = {field.name for field in fields(cls)}
        if known != set(content):
            wrong = ", ".join(sorted(known ^ set(content)))
            raise InputError(f"this is no trial design: {wrong} are missing or unknown; restore the file")
        parts: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in content.items()
        }
        parts["estimand"] = Estimand(**content["estimand"])
        parts["assumptions"] = tuple(Assumption(**assumption) for assumption in content["assumptions"])
        return cls(**parts)

    def save(self, path: Path) -> None:
        """Write ``design.json``, whole or not at all, with its schema version."""
        write_json(path, self.to_json())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what :meth:`save` wrote."""
        return cls.from_json(read_json(path))


def boundary_or_none(z: float) -> float | None:
    """Give a boundary as json holds it: None where there is none."""
    return None if math.isinf(z) else z
