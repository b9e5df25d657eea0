"""Endpoints: the outcomes of each patient, checked once and passed on as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError

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
        (n,) int: 0 without an event, 1 to K for the cause of the event; None where all events have one cause.
    entry
        (n,) float in [0, time): when observation of the patient began; None where it began at 0 for all.
    stratum
        (n,) int: a partial likelihood compares patients within their stratum only; None for one stratum.
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
        """``(event, time, cause, entry, stratum)`` as heads take them; valid placeholders where not observed."""
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
        """(n,) the label by which folds are stratified: the event."""
        return self.event

    @property
    def required_groups(self) -> dict[str, NDArray[np.bool_]]:
        """Name -> (n,) bool, of the groups that must be present in every fold."""
        return {"event": self.event}

    def check_learnable(self, name: str) -> None:
        """Raise :class:`DataError` if no model can be fitted to endpoint `name`: no event, or no comparable pair."""
        if not self.event.any():
            raise DataError(
                f"endpoint '{name}' has no events, so nothing can be learned about it; "
                "check the coding of its event column"
            )
        if not self.time[self.event].min() < self.time[self.observed].max():
            raise DataError(
                f"endpoint '{name}': no patient is followed beyond the first event, so no two patients "
                "can be compared; check its time column"
            )

    def take(self, rows: Rows) -> Survival:
        """Return the patients `rows`, in their order."""
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


@dataclass(frozen=True)
class Response:
    """A class label, such as response to treatment.

    Attributes
    ----------
    positive
        (n,) bool, False where not observed.
    observed
        (n,) bool: the patient has this endpoint.
    level
        (n,) int, index into `levels`, of any value where not observed; 0 or 1 by `positive` if left out.
    levels
        Names of the levels, the lowest first where they are ordered.
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
        """(levels,) bool: the level counts as positive, as seen in the observed patients."""
        positive, level = self.outcome
        return np.isin(np.arange(len(self.levels)), level[positive & self.observed])

    @property
    def label(self) -> NDArray[np.bool_] | NDArray[np.int64]:
        """(n,) the label by which folds are stratified: the class."""
        return self.positive if self.level is None else self.level

    @property
    def required_groups(self) -> dict[str, NDArray[np.bool_]]:
        """Name -> (n,) bool, of the groups that must be present in every fold."""
        return {"positive patient": self.positive, "negative patient": self.observed & ~self.positive}

    def check_learnable(self, name: str) -> None:
        """Raise :class:`DataError` if no model can be fitted to endpoint `name`: a class is empty."""
        for group, members in self.required_groups.items():
            if not members.any():
                raise DataError(
                    f"endpoint '{name}' has no {group}, so nothing can be learned about it; "
                    "check its column and its key `positive` in cohort.yaml"
                )

    def take(self, rows: Rows) -> Response:
        """Return the patients `rows`, in their order."""
        level = None if self.level is None else self.level[rows]
        return Response(self.positive[rows], self.observed[rows], level, self.levels)


@dataclass(frozen=True)
class Endpoints:
    """All endpoints of a cohort, by name."""

    named: Mapping[str, Survival | Response]
    primary_endpoint: str

    def primary(self) -> Survival | Response:
        """Return the primary endpoint and check that a model can be fitted to it.

        Raises
        ------
        DataError
            If no patient had the event or a class is empty, or if these are new patients without endpoints.
        """
        if self.primary_endpoint not in self.named:
            raise DataError(
                "these patients have no endpoint, so nothing can be learned from them; read them by `read_cohort`"
            )
        endpoint = self.named[self.primary_endpoint]
        endpoint.check_learnable(self.primary_endpoint)
        return endpoint

    def survival(self) -> Survival:
        """Return the primary endpoint, which must be a survival endpoint with an event.

        Raises
        ------
        DataError
            If it is of another kind, or no patient had the event.
        """
        endpoint = self.primary()
        if not isinstance(endpoint, Survival):
            raise DataError(_WRONG_KIND.format(self.primary_endpoint, endpoint.kind, Survival.kind))
        return endpoint

    def response(self) -> Response:
        """Return the primary endpoint, which must be a response with both classes.

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
        """Return the patients `rows`, in their order."""
        return Endpoints({name: e.take(rows) for name, e in self.named.items()}, self.primary_endpoint)
