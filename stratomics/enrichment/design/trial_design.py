"""TrialDesign: the estimand, the size and the assumptions of a planned trial, with the source of each assumption."""

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
                "the design has no assumptions; state the assumptions behind its size, and their sources"
            )
        if len(self.efficacy) != len(self.futility) or len(self.events) not in {0, len(self.efficacy)}:
            raise DesignError(
                f"{len(self.efficacy)} boundaries of efficacy, {len(self.futility)} of futility and {len(self.events)} "
                "numbers of events; there must be one of each per look"
            )

    # The JSON edge: storage is the only place where a design is a dict.
    def to_json(self) -> dict[str, Any]:
        """Content of ``design.json``."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Read the content of ``design.json``."""
        expected = {field.name for field in fields(cls)}
        if expected != set(content):
            wrong = ", ".join(sorted(expected ^ set(content)))
            raise InputError(f"this is not a trial design: {wrong} are missing or unknown; restore the file")
        parts: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in content.items()
        }
        parts["estimand"] = Estimand(**content["estimand"])
        parts["assumptions"] = tuple(Assumption(**assumption) for assumption in content["assumptions"])
        return cls(**parts)

    def save(self, path: Path) -> None:
        """Write ``design.json`` atomically, with its schema version."""
        write_json(path, self.to_json())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file written by :meth:`save`."""
        return cls.from_json(read_json(path))


def boundary_or_none(z: float) -> float | None:
    """Convert a boundary for JSON, which has no infinity: None if there is no boundary."""
    return None if math.isinf(z) else z
