"""Endpoints: what happened to each patient, checked once and handed around as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError

Number = TypeVar("Number", np.int64, np.float64)

__all__ = ["Endpoints", "Response", "Survival"]

Rows = NDArray[np.int64]

_WRONG_KIND = (
    "endpoint '{}' is a {} endpoint, and this needs a {} endpoint; set `primary` in cohort.yaml to one"
)


@dataclass(frozen=True)
class Survival:
    """Time to an event.

    Attributes
    ----------
    time
        (n,) float > 0 in `unit`; NaN where not observed.
    event
        (n,) bool, True = occurred, False = censored (or not observed).
    observed
        (n,) bool: the patient has this endpoint.
    cause
        (n,) int: 0 without an event, 1 to K for the cause of it; None where events are of one kind.
    entry
        (n,) float in [0, time): when each came under observation; None where all did at 0.
    stratum
        (n,) int: patients are compared within their stratum only, where a likelihood compares; None where all are.
    """

    kind: ClassVar[str] = "survival"

    time: NDArray[np.float64]
    event: NDArray[np.bool_]
    observed: NDArray[np.bool_]
    unit: str = "days"
    cause: NDArray[np.int64] | None = None
    entry: NDArray[np.float64] | None = None
    stratum: NDArray[np.int64] | None = None

    @property
    def outcome(
        self,
    ) -> tuple[
        NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]
    ]:
        """``(event, time, cause, entry, stratum)`` as heads take them; who is not observed has any legal value."""
        cause = self.event.astype(np.int64) if self.cause is None else self.cause
        entry = np.zeros(len(self.time)) if self.entry is None else self.entry
        return (
            self.event,
            np.where(self.observed, self.time, 1.0),
            cause,
            np.where(self.observed, entry, 0.0),
            np.zeros(len(self.time), dtype=np.int64) if self.stratum is None else self.stratum,
        )

    @property
    def label(self) -> NDArray[np.bool_]:
        """(n,) what folds are balanced by: the event."""
        return self.event

    @property
    def needed(self) -> dict[str, NDArray[np.bool_]]:
        """Who must be in every fold, by what they are called."""
        return {"event": self.event}

    def check_learnable(self, name: str) -> None:
        """Raise :class:`DataError` where endpoint `name` teaches nothing: no event, or nobody to compare."""
        if not self.event.any():
            raise DataError(
                f"endpoint '{name}' has no events, so nothing can be learned about it; "
                "check the coding of its event column"
            )
        if not self.time[self.event].min() < self.time[self.observed].max():
            raise DataError(
                f"endpoint '{name}': nobody is followed beyond the first event, so no two patients "
                "can be compared; check its time column"
            )

    def take(self, rows: Rows) -> Survival:
        """Keep `rows`, in their order."""
        cause = None if self.cause is None else self.cause[rows]
        entry = None if self.entry is None else self.entry[rows]
        stratum = None if self.stratum is None else self.stratum[rows]
        return Survival(
            self.time[rows],
            self.event[rows],
            self.observed[rows],
            self.unit,
            cause,
            entry,
            stratum,
        )

    @classmethod
    def concatenate(cls, parts: Sequence[Survival]) -> Survival:
        """Put patients under each other; all parts have one unit."""
        return cls(
            np.concatenate([part.time for part in parts]),
            np.concatenate([part.event for part in parts]),
            np.concatenate([part.observed for part in parts]),
            parts[0].unit,
            _joined([part.cause for part in parts]),
            _joined([part.entry for part in parts]),
            _joined([part.stratum for part in parts]),
        )


@dataclass(frozen=True)
class Response:
    """A label.

    Attributes
    ----------
    positive
        (n,) bool, False where not observed.
    observed
        (n,) bool: the patient has this endpoint.
    level
        (n,) int, place in `levels`; any where not observed. Whether positive, if left out.
    levels
        Names of the levels, the lowest first where they have an order.
    """

    kind: ClassVar[str] = "response"
    unit: ClassVar[str | None] = None

    positive: NDArray[np.bool_]
    observed: NDArray[np.bool_]
    level: NDArray[np.int64] | None = None
    levels: tuple[str, ...] = ("negative", "positive")

    @property
    def outcome(self) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """``(positive, level)`` as heads take them."""
        return self.positive, self.positive.astype(np.int64) if self.level is None else self.level

    @property
    def positive_levels(self) -> NDArray[np.bool_]:
        """(levels,) which of them count as positive, by the patients who are observed."""
        positive, level = self.outcome
        return np.isin(np.arange(len(self.levels)), level[positive & self.observed])

    @property
    def label(self) -> NDArray[np.bool_] | NDArray[np.int64]:
        """(n,) what folds are balanced by: the class."""
        return self.positive if self.level is None else self.level

    @property
    def needed(self) -> dict[str, NDArray[np.bool_]]:
        """Who must be in every fold, by what they are called."""
        return {"positive patient": self.positive, "negative patient": self.observed & ~self.positive}

    def check_learnable(self, name: str) -> None:
        """Raise :class:`DataError` where endpoint `name` teaches nothing: a class is empty."""
        for who, members in self.needed.items():
            if not members.any():
                raise DataError(
                    f"endpoint '{name}' has no {who}, so nothing can be learned about it; "
                    "check its column and its key `positive` in cohort.yaml"
                )

    def take(self, rows: Rows) -> Response:
        """Keep `rows`, in their order."""
        level = None if self.level is None else self.level[rows]
        return Response(self.positive[rows], self.observed[rows], level, self.levels)

    @classmethod
    def concatenate(cls, parts: Sequence[Response]) -> Response:
        """Put patients under each other."""
        return cls(
            np.concatenate([part.positive for part in parts]),
            np.concatenate([part.observed for part in parts]),
            _joined([part.level for part in parts]),
            parts[0].levels,
        )


def _joined(parts: Sequence[NDArray[Number] | None]) -> NDArray[Number] | None:
    """Put columns under each other that all parts of a cohort have, or none."""
    present = [part for part in parts if part is not None]
    return np.concatenate(present) if present else None


@dataclass(frozen=True)
class Endpoints:
    """All endpoints of a cohort, by name."""

    named: Mapping[str, Survival | Response]
    primary_endpoint: str

    def primary(self) -> Survival | Response:
        """Return the deciding endpoint, which must be one that something can be learned about.

        Raises
        ------
        DataError
            If nobody had the event or a class is empty, or if these are new patients without endpoints.
        """
        if self.primary_endpoint not in self.named:
            raise DataError(
                "these patients have no endpoint, so nothing can be learned from them; read them by `read_cohort`"
            )
        endpoint = self.named[self.primary_endpoint]
        endpoint.check_learnable(self.primary_endpoint)
        return endpoint

    def survival(self) -> Survival:
        """Return the deciding endpoint, which must be a survival endpoint with an event.

        Raises
        ------
        DataError
            If it is of another kind, or nobody had the event.
        """
        endpoint = self.primary()
        if not isinstance(endpoint, Survival):
            raise DataError(_WRONG_KIND.format(self.primary_endpoint, endpoint.kind, Survival.kind))
        return endpoint

    def response(self) -> Response:
        """Return the deciding endpoint, which must be a response with both classes.

        Raises
        ------
        DataError
            If it is of another kind, or a class is empty.
        """
        endpoint = self.primary()
        if not isinstance(endpoint, Response):
            raise DataError(_WRONG_KIND.format(self.primary_endpoint, endpoint.kind, Response.kind))
        return endpoint

    def take(self, rows: Rows) -> Endpoints:
        """Keep `rows`, in their order."""
        return Endpoints({name: e.take(rows) for name, e in self.named.items()}, self.primary_endpoint)

    @classmethod
    def concatenate(cls, parts: Sequence[Endpoints]) -> Endpoints:
        """Put the patients of parts of one cohort under each other.

        Raises
        ------
        DataError
            If parts differ in their endpoints, the kinds or the units of these.
        """
        kinds = [{name: (e.kind, e.unit) for name, e in part.named.items()} for part in parts]
        if any(
            (kind, part.primary_endpoint) != (kinds[0], parts[0].primary_endpoint)
            for kind, part in zip(kinds, parts, strict=True)
        ):
            raise DataError("patients to put together have other endpoints; take them from one cohort")
        named: dict[str, Survival | Response] = {}
        for name, first in parts[0].named.items():
            same: list[Any] = [part.named[name] for part in parts]
            named[name] = type(first).concatenate(same)
        return cls(named, parts[0].primary_endpoint)
