"""``cohort.yaml`` as dataclasses."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "ArmSpec",
    "CohortSpec",
    "EndpointSpec",
    "SamplesSpec",
    "ViewSpec",
]


@dataclass(frozen=True)
class SamplesSpec:
    """The table with one row a patient."""

    file: str
    id: str = "sample_id"


@dataclass(frozen=True)
class ViewSpec:
    """One measured table.

    ``file`` is absent inside an h5mu file, which holds the values itself; ``format`` names a reader where
    the ending of the file does not tell it.
    """

    modality: str
    scale: str
    file: str | None = None
    format: str | None = None
    orient: str = "features_in_columns"
    timing: str = "baseline"


@dataclass(frozen=True)
class EndpointSpec:
    """One named endpoint; which keys are needed follows from its kind."""

    kind: str
    time: str | None = None
    event: str | None = None
    unit: str = "days"
    cause: str | None = None
    entry: str | None = None
    column: str | None = None
    positive: Any = None
    levels: list[Any] | None = None


@dataclass(frozen=True)
class ArmSpec:
    """Who was treated with what."""

    column: str
    control: Any
    treated: Any = None
    randomised: Any = False
    probability: Any = None
    strata: str | None = None


@dataclass(frozen=True)
class CohortSpec:
    """All of ``cohort.yaml``."""

    name: str
    views: Mapping[str, ViewSpec]
    endpoints: Mapping[str, EndpointSpec]
    samples: SamplesSpec | None = None
    title: str = ""
    primary: str | None = None
    arm: ArmSpec | None = None
    covariates: tuple[str, ...] = ()
    site: str | None = None
    group: str | None = None
    part: str | None = None

    @property
    def primary_endpoint(self) -> str:
        """Name of the endpoint that decides: `primary`, or the first one; empty of new patients without any."""
        return self.primary if self.primary is not None else next(iter(self.endpoints), "")

    def as_dict(self) -> dict[str, Any]:
        """Plain nested dict without the keys that were left out."""
        plain: dict[str, Any] = _prune(dataclasses.asdict(self))
        return plain


ENDPOINT_KINDS = ("survival", "response", "toxicity")


def _prune(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _prune(item) for key, item in value.items() if item is not None}
    return list(value) if isinstance(value, tuple) else value
