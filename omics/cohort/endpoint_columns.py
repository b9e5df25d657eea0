"""Read endpoints from the samples table and check their values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.endpoints import Endpoints, Response, Survival
from omics.cohort.spec import CohortSpec, EndpointSpec
from omics.cohort.stated_columns import same_label
from omics.common.errors import CohortError, nearest

__all__ = [
    "HALF_A_DAY",
    "NEGATIVE",
    "NOT_EVALUABLE",
    "NO_RESPONSE",
    "POSITIVE",
    "check_endpoints",
    "read_endpoints",
    "response_sides",
]

POSITIVE, NEGATIVE, NOT_EVALUABLE = "positive", "negative", "not evaluable"
"""Sides of a response."""

NO_RESPONSE = {
    "ne",
    "n/e",
    "nd",
    "unk",
    "unknown",
    "not evaluable",
    "inevaluable",
    "non-evaluable",
    "unevaluable",
}
NO_RESPONSE |= {
    "not evaluated",
    "not assessed",
    "not assessable",
    "not done",
    "not reported",
    "not available",
}
NO_RESPONSE |= {"not applicable", "missing"}
"""Labels in lower case that are no response, positive or negative, unless the endpoint names them."""

HALF_A_DAY = {"days": 0.5, "weeks": 0.5 / 7, "months": 0.5 / 30.4375, "years": 0.5 / 365.25}
"""Value of a recorded time of 0, by unit: the event or the censoring happened within the first day."""


def read_endpoints(samples: pd.DataFrame, spec: CohortSpec, file: str) -> Endpoints:
    """Read and check every endpoint that `spec` names.

    Parameters
    ----------
    samples
        One row per patient, indexed by id.
    spec
        Specification of the cohort.
    file
        Named in errors.

    Returns
    -------
    Endpoints
        In the order of `samples`.

    Raises
    ------
    CohortError
        If a column is missing, a number is text, a time is negative, an event is neither 0 nor 1, a cause
        contradicts the event, an entry is not before the time, or a label is not a level.

    Notes
    -----
    A time of 0 means "within the first day": the patient stays, with a time of half a day. An endpoint is not
    observed in a patient who has a time without an event, or an event without a time.
    """
    return Endpoints(
        {
            name: _survival(samples, name, endpoint, file)
            if endpoint.kind == "survival"
            else _response(samples, endpoint, file)
            for name, endpoint in spec.endpoints.items()
        },
        spec.primary_endpoint,
    )


def check_endpoints(samples: pd.DataFrame, spec: CohortSpec, file: str) -> None:
    """Check endpoints as :func:`read_endpoints` does, and that the positive values and causes occur in their columns.

    A part of a cohort may lack them, so that only a whole cohort is checked. A column with only zeros, of which 1 is
    positive, is accepted.

    Parameters
    ----------
    samples
        One row per patient, indexed by id.
    spec
        Specification of the cohort.
    file
        Named in errors.

    Raises
    ------
    CohortError
        As :func:`read_endpoints`; if no patient has a positive value, or if a cause has no event.
    """
    for name, endpoint in read_endpoints(samples, spec, file).named.items():
        column = spec.endpoints[name].column
        if isinstance(endpoint, Survival):
            _check_causes(name, endpoint, spec, file)
            _check_living(samples, name, endpoint, spec, file)
        elif (
            endpoint.observed.any()
            and not endpoint.positive.any()
            and not _only_zeros(samples, spec.endpoints[name])
        ):
            values = " or ".join(map(repr, _positive_values(spec.endpoints[name])))
            raise CohortError(
                f"no patient has the positive value {values}; found {_first_values(samples[column])}",
                "no_positive",
                file=file,
                column=column,
            )


def _check_living(samples: pd.DataFrame, name: str, endpoint: Survival, spec: CohortSpec, file: str) -> None:
    """Refuse a time that only those with the event have: the others are alive, and would be lost."""
    event = spec.endpoints[name].event
    without = (samples[event] == 0).to_numpy(dtype=bool) & ~endpoint.observed
    if endpoint.event.any() and endpoint.event.sum() == endpoint.observed.sum() and without.any():
        time = spec.endpoints[name].time
        raise CohortError(
            f"endpoint '{name}': every patient with a {time} had the event, and {without.sum()} patients without the "
            f"event have no time; add the column of their last follow-up, time: [{time}, FOLLOW_UP]",
            "only_events",
            file=file,
            column=time,
        )


def _only_zeros(samples: pd.DataFrame, endpoint: EndpointSpec) -> bool:
    return endpoint.positive == 1 and bool((samples[endpoint.column].dropna() == 0).all())


def _check_causes(name: str, endpoint: Survival, spec: CohortSpec, file: str) -> None:
    if endpoint.cause is None:
        return
    absent = set(range(1, endpoint.cause.max(initial=0) + 1)) - set(endpoint.cause.tolist())
    if absent:
        raise CohortError(
            f"endpoint '{name}': no patient has cause {min(absent)}; number the causes 1, 2, ... without a gap",
            "cause_without_events",
            file=file,
            column=spec.endpoints[name].cause,
        )


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
    found = ", ".join(f"{value:g}" for value in np.unique(event[~np.isnan(event)])[:5])
    advice = f"declare event: {{column: {endpoint.event}, is: [1]}}"
    if (event[wrong] % 1 == 0).all() and (event[wrong] > 1).all() and endpoint.cause is None:
        advice += f", or for competing causes {advice.removesuffix('is: [1]}')}is: [1, 2]}}, cause: {endpoint.event}}}"
    sentence = f"an event is 0 or 1, and the column has {found}; {advice}"
    _refuse(samples, wrong, sentence, "event_not_binary", endpoint.event, file)
    zero = time == 0
    observed = ~np.isnan(time) & ~np.isnan(event)
    time = np.where(zero, HALF_A_DAY[endpoint.unit], time)
    event = observed & (event == 1)
    return Survival(
        np.where(observed, time, np.nan),
        event,
        observed,
        endpoint.unit,
        cause=_cause(samples, endpoint, event, observed, file),
        entry=_entry(samples, endpoint, time, observed, file),
    )


def _cause(
    samples: pd.DataFrame,
    endpoint: EndpointSpec,
    event: NDArray[np.bool_],
    observed: NDArray[np.bool_],
    file: str,
) -> NDArray[np.int64] | None:
    if endpoint.cause is None:
        return None
    cause = np.nan_to_num(_numbers(samples, endpoint.cause, file), nan=0.0)
    wrong = (cause < 0) | (cause != np.round(cause))
    _refuse(samples, wrong, "a cause is 0 (no event), 1, 2, ...", "bad_cause", endpoint.cause, file)
    wrong = observed & ((cause > 0) != event)
    sentence = f"the cause and the event ({endpoint.event}) contradict each other: a cause of 0 is no event"
    _refuse(samples, wrong, sentence, "cause_contradicts_event", endpoint.cause, file)
    return np.where(observed, cause, 0).astype(np.int64)


def _entry(
    samples: pd.DataFrame,
    endpoint: EndpointSpec,
    time: NDArray[np.float64],
    observed: NDArray[np.bool_],
    file: str,
) -> NDArray[np.float64] | None:
    if endpoint.entry is None:
        return None
    entry = _numbers(samples, endpoint.entry, file)
    sentence = "no time of entry; write 0 for a patient who was observed from the start"
    _refuse(samples, observed & np.isnan(entry), sentence, "no_entry", endpoint.entry, file)
    wrong = observed & ~((entry >= 0) & (entry < time))
    sentence = f"a patient enters at 0 or later, and before their time ({endpoint.time})"
    _refuse(samples, wrong, sentence, "entry_after_time", endpoint.entry, file)
    return np.where(observed, entry, 0.0)


def _response(samples: pd.DataFrame, endpoint: EndpointSpec, file: str) -> Response:
    column = _column(samples, str(endpoint.column), file)
    sides = response_sides(column, endpoint)
    observed = (sides != NOT_EVALUABLE).to_numpy(dtype=bool)
    positive = (sides == POSITIVE).to_numpy(dtype=bool)
    if endpoint.levels is None:
        return Response(positive, observed)
    place = column.map({value: number for number, value in enumerate(endpoint.levels)})
    names = tuple(map(str, endpoint.levels))
    unknown = observed & place.isna().to_numpy()
    sentence = f"the label is not one of the levels {', '.join(names)}"
    _refuse(samples, unknown, sentence, "unknown_level", endpoint.column, file)
    level = place.astype("float64").fillna(0.0).to_numpy().astype(np.int64)
    return Response(positive, observed, level, names)


def response_sides(column: pd.Series[Any], endpoint: EndpointSpec) -> pd.Series[str]:
    """Side of each patient's label: POSITIVE, NEGATIVE or NOT_EVALUABLE.

    Parameters
    ----------
    column
        The labels.
    endpoint
        Its `positive` and `negative`. Without `negative`, every other label is negative, except for an empty cell and
        the labels of NO_RESPONSE.

    Returns
    -------
    Series of str
        (n,) the side.
    """
    sides = pd.Series(NEGATIVE, column.index, dtype=object)
    named = [*_as_list(endpoint.positive), *_as_list(endpoint.negative), *(endpoint.levels or [])]
    if endpoint.negative is None:
        words = column.astype(str).str.strip().str.lower()
        sides[words.isin(NO_RESPONSE) & ~column.isin(named)] = NOT_EVALUABLE
    else:
        sides[:] = NOT_EVALUABLE
        for value in _as_list(endpoint.negative):
            sides[same_label(column, value)] = NEGATIVE
    for value in _positive_values(endpoint):
        # Comparing a nullable column gives NA where it is empty.
        sides[(column == value).astype("boolean").fillna(value=False).astype(bool)] = POSITIVE
    sides[column.isna()] = NOT_EVALUABLE
    return sides


def _as_list(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _positive_values(endpoint: EndpointSpec) -> list[Any]:
    """Values that count as positive; the highest level by default."""
    if endpoint.positive is None:
        return [] if endpoint.levels is None else endpoint.levels[-1:]
    return _as_list(endpoint.positive)


def _first_values(column: pd.Series[Any]) -> str:
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
    # Imported late, since endpoints are read far more often than tables.
    from omics.readers.matrix import numbers

    column = _column(samples, name, file)
    return numbers(column.to_frame(), file).to_numpy()[:, 0]


def _refuse(
    samples: pd.DataFrame, wrong: NDArray[np.bool_], sentence: str, code: str, column: str | None, file: str
) -> None:
    if wrong.any():
        patient = str(samples.index[int(wrong.argmax())])
        raise CohortError(sentence, code, file=file, column=column, patient=patient)
