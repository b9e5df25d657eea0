"""Endpoints: what happened to each patient, checked once and handed around as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.errors import CohortError, DataError, nearest
from omics.spec import CohortSpec, EndpointSpec

__all__ = ["HALF_A_DAY", "Endpoints", "Response", "Survival", "check_endpoints", "read_endpoints"]

HALF_A_DAY = {"days": 0.5, "weeks": 0.5 / 7, "months": 0.5 / 30.4375, "years": 0.5 / 365.25}
"""What a recorded time of 0 stands for, by unit: it happened within the first day."""

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
    """

    kind: ClassVar[str] = "survival"

    time: NDArray[np.float64]
    event: NDArray[np.bool_]
    observed: NDArray[np.bool_]
    unit: str = "days"

    @property
    def outcome(self) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """``(event, time)`` as losses take them; who is not observed has any legal value."""
        return self.event, np.where(self.observed, self.time, 1.0)

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
        return Survival(self.time[rows], self.event[rows], self.observed[rows], self.unit)

    @classmethod
    def concatenate(cls, parts: Sequence[Survival]) -> Survival:
        """Put patients under each other; all parts have one unit."""
        return cls(
            np.concatenate([part.time for part in parts]),
            np.concatenate([part.event for part in parts]),
            np.concatenate([part.observed for part in parts]),
            parts[0].unit,
        )


@dataclass(frozen=True)
class Response:
    """A label: (n,) bool `positive` (False where not observed) and (n,) bool `observed`."""

    kind: ClassVar[str] = "response"
    unit: ClassVar[str | None] = None

    positive: NDArray[np.bool_]
    observed: NDArray[np.bool_]

    @property
    def outcome(self) -> tuple[NDArray[np.bool_]]:
        """``(positive,)`` as losses take it."""
        return (self.positive,)

    @property
    def label(self) -> NDArray[np.bool_]:
        """(n,) what folds are balanced by: the class."""
        return self.positive

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
        return Response(self.positive[rows], self.observed[rows])

    @classmethod
    def concatenate(cls, parts: Sequence[Response]) -> Response:
        """Put patients under each other."""
        return cls(
            np.concatenate([part.positive for part in parts]),
            np.concatenate([part.observed for part in parts]),
        )


@dataclass(frozen=True)
class Endpoints:
    """All endpoints of a cohort, by name."""

    named: Mapping[str, Survival | Response]
    deciding: str

    def decisive(self) -> Survival | Response:
        """Return the deciding endpoint, which must be one that something can be learned about.

        Raises
        ------
        DataError
            If nobody had the event or a class is empty.
        """
        endpoint = self.named[self.deciding]
        endpoint.check_learnable(self.deciding)
        return endpoint

    def survival(self) -> Survival:
        """Return the deciding endpoint, which must be a survival endpoint with an event.

        Raises
        ------
        DataError
            If it is of another kind, or nobody had the event.
        """
        endpoint = self.decisive()
        if not isinstance(endpoint, Survival):
            raise DataError(_WRONG_KIND.format(self.deciding, endpoint.kind, Survival.kind))
        return endpoint

    def response(self) -> Response:
        """Return the deciding endpoint, which must be a response with both classes.

        Raises
        ------
        DataError
            If it is of another kind, or a class is empty.
        """
        endpoint = self.decisive()
        if not isinstance(endpoint, Response):
            raise DataError(_WRONG_KIND.format(self.deciding, endpoint.kind, Response.kind))
        return endpoint

    def take(self, rows: Rows) -> Endpoints:
        """Keep `rows`, in their order."""
        return Endpoints({name: e.take(rows) for name, e in self.named.items()}, self.deciding)

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
            (kind, part.deciding) != (kinds[0], parts[0].deciding)
            for kind, part in zip(kinds, parts, strict=True)
        ):
            raise DataError("patients to put together have other endpoints; take them from one cohort")
        named: dict[str, Survival | Response] = {}
        for name, first in parts[0].named.items():
            same: list[Any] = [part.named[name] for part in parts]
            named[name] = type(first).concatenate(same)
        return cls(named, parts[0].deciding)


def read_endpoints(samples: pd.DataFrame, spec: CohortSpec, file: str) -> Endpoints:
    """Read and check every endpoint that `spec` names.

    Parameters
    ----------
    samples
        A row a patient, indexed by id.
    spec
        The cohort's specification.
    file
        Named in errors.

    Raises
    ------
    CohortError
        A missing column, text for a number, a negative time, or an event that is neither 0 nor 1.

    Notes
    -----
    A time of 0 means "within the first day": the patient stays, with half a day. Who has a time
    without an event, or the other way round, has this endpoint not observed.
    """
    return Endpoints(
        {
            name: _survival(samples, name, endpoint, file)
            if endpoint.kind == "survival"
            else _response(samples, endpoint, file)
            for name, endpoint in spec.endpoints.items()
        },
        spec.deciding,
    )


def check_endpoints(samples: pd.DataFrame, spec: CohortSpec, file: str) -> None:
    """Refuse what :func:`read_endpoints` refuses, and a positive value that is spelled otherwise than in the column.

    A part of a cohort may well be without one, and so may a new cohort of which 1 is positive and all are 0.
    """
    for name, endpoint in read_endpoints(samples, spec, file).named.items():
        positive = spec.endpoints[name].positive
        if not isinstance(endpoint, Response) or positive is None or endpoint.positive.any():
            continue
        if endpoint.observed.any() and not _only_zeros(samples[spec.endpoints[name].column], positive):
            column = spec.endpoints[name].column
            raise CohortError(
                f"nobody has the positive value {positive!r}; found {_found(samples[column])}",
                "no_positive",
                file=file,
                column=column,
            )


def _only_zeros(column: pd.Series[Any], positive: Any) -> bool:
    return positive == 1 and bool((column.dropna() == 0).all())


def _survival(samples: pd.DataFrame, name: str, endpoint: EndpointSpec, file: str) -> Survival:
    if endpoint.unit not in HALF_A_DAY:
        raise CohortError(
            f"endpoint '{name}': unknown unit '{endpoint.unit}'; {nearest(endpoint.unit, HALF_A_DAY)}",
            "unknown_unit",
            file=file,
        )
    time = _numbers(samples, str(endpoint.time), file)
    event = _numbers(samples, str(endpoint.event), file)
    _refuse(samples, time < 0, "time is negative; times count from 0", "negative_time", endpoint.time, file)
    wrong = ~np.isnan(event) & (event != 0) & (event != 1)
    _refuse(samples, wrong, "an event is 0 or 1", "event_not_binary", endpoint.event, file)
    zero = time == 0
    observed = ~np.isnan(time) & ~np.isnan(event)
    time = np.where(zero, HALF_A_DAY[endpoint.unit], time)
    return Survival(np.where(observed, time, np.nan), observed & (event == 1), observed, endpoint.unit)


def _response(samples: pd.DataFrame, endpoint: EndpointSpec, file: str) -> Response:
    column = _column(samples, str(endpoint.column), file)
    observed = column.notna().to_numpy()
    # A nullable column compares to NA where it is empty.
    positive = (column == endpoint.positive).astype("boolean").fillna(value=False).to_numpy(dtype=bool)
    return Response(positive & observed, observed)


def _found(column: pd.Series[Any]) -> str:
    values = sorted(map(str, column.dropna().unique()))
    return ", ".join(values[:5]) + (", ..." if values[5:] else "")


def _column(samples: pd.DataFrame, name: str, file: str) -> pd.Series[Any]:
    if name not in samples.columns:
        raise CohortError(
            f"no such column; {nearest(name, map(str, samples.columns))}",
            "missing_column",
            file=file,
            column=name,
        )
    return samples[name]


def _numbers(samples: pd.DataFrame, name: str, file: str) -> NDArray[np.float64]:
    # A late import: readers know tables, endpoints only borrow their way to numbers.
    from omics.readers.matrix import numbers

    column = _column(samples, name, file)
    return numbers(column.to_frame(), file).to_numpy()[:, 0]


def _refuse(
    samples: pd.DataFrame, wrong: NDArray[np.bool_], sentence: str, code: str, column: str | None, file: str
) -> None:
    if wrong.any():
        patient = str(samples.index[int(wrong.argmax())])
        raise CohortError(sentence, code, file=file, column=column, patient=patient)
