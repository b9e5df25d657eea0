"""Columns of the samples table as the specification states them: codes for unknown, events in words, several times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from omics.cohort.spec import ArmSpec, CohortSpec, EndpointSpec
from omics.common.errors import CohortError, nearest
from omics.readers.notes import attach_warnings

__all__ = ["WORDS_FOR_MISSING", "same_label", "stated_samples"]

WORDS_FOR_MISSING = {
    "not reported",
    "not available",
    "not applicable",
    "not evaluated",
    "not recorded",
    "not collected",
    "unavailable",
}
"""Words in lower case that mean that a label of a covariate or site is not known."""

YES, NO = {"yes", "y", "true", "on"}, {"no", "n", "false", "off"}
"""Words that yaml reads as truth values."""


def stated_samples(samples: pd.DataFrame, spec: CohortSpec, file: str) -> tuple[pd.DataFrame, CohortSpec]:
    """Apply what a specification states about columns; the result names one column for each role.

    A code of `missing` becomes an empty cell, and so do the words of WORDS_FOR_MISSING in covariates and the site, of
    which a finding has a list. A list of times becomes one column with the first time that is known, an event in words
    a column of 0 and 1.

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
    tuple
        The table with the columns of every role, and the specification that names them; both unchanged where nothing is
        stated.

    Raises
    ------
    CohortError
        If a column is missing, or no patient has a value of an event in words.
    """
    samples = _without_codes(samples, spec.missing, file)
    samples = _without_words(samples, spec)
    endpoints = {}
    for name, endpoint in spec.endpoints.items():
        samples, endpoints[name] = _stated_endpoint(samples, endpoint, file)
    arm = spec.arm
    if arm is not None and arm.column in samples:
        arm = _arm_labels(samples[arm.column], arm)
    return samples, replace(spec, endpoints=endpoints, arm=arm)


def same_label(column: pd.Series[Any], value: Any) -> pd.Series[bool]:
    """Whether each cell is a label, written as a number or as text; false for an empty cell.

    Parameters
    ----------
    column
        The cells.
    value
        The label; a truth value also stands for the words that yaml reads as one.

    Returns
    -------
    Series of bool
        (n,) whether it is.

    Examples
    --------
    >>> same_label(pd.Series(["yes", "no", None]), True).tolist()
    [True, False, False]
    """
    same = (column == value).astype("boolean").fillna(value=False).astype(bool)
    text = column.map(_plain_text)
    same |= text == _plain_text(value)
    if isinstance(value, bool) and not same.any():
        same = text.str.lower().isin(YES if value else NO)
    known: pd.Series[bool] = same & column.notna()
    return known


def _plain_text(value: Any) -> str:
    """Text of a value; a whole number without decimals."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _without_codes(samples: pd.DataFrame, missing: Mapping[str, Any], file: str) -> pd.DataFrame:
    for name, codes in missing.items():
        if name not in samples:
            raise _no_column(samples, name, file)
        column = samples[name]
        unknown = pd.Series(False, samples.index)
        for code in codes if isinstance(codes, list) else [codes]:
            unknown |= same_label(column, code)
        if unknown.any():
            samples = samples.assign(**{name: column.where(~unknown, np.nan)})
    return samples


def _without_words(samples: pd.DataFrame, spec: CohortSpec) -> pd.DataFrame:
    found = []
    for name in dict.fromkeys([*spec.covariates, *([spec.site] if spec.site else [])]):
        if name not in samples or samples[name].dtype != object or name in spec.missing:
            continue
        words = samples[name].astype(str).str.strip().str.lower().isin(WORDS_FOR_MISSING)
        if words.any():
            counts = samples.loc[words, name].value_counts()
            found.append(f"{name} ({', '.join(f'{word} {count}' for word, count in counts.items())})")
            samples = samples.assign(**{name: samples[name].where(~words, np.nan)})
    if not found:
        return samples
    sentence = (
        f"words that mean not known count as missing: {'; '.join(found)}; missing: {{COLUMN: []}} keeps them"
    )
    return attach_warnings(samples, {"words_for_missing": sentence})


def _stated_endpoint(
    samples: pd.DataFrame, endpoint: EndpointSpec, file: str
) -> tuple[pd.DataFrame, EndpointSpec]:
    if isinstance(endpoint.time, list):
        name = ", else ".join(endpoint.time)
        samples = samples.assign(**{name: _first_known(samples, endpoint.time, file)})
        endpoint = replace(endpoint, time=name)
    if isinstance(endpoint.event, Mapping):
        column, values = str(endpoint.event["column"]), endpoint.event["is"]
        values = values if isinstance(values, list) else [values]
        name = f"{column} is {' or '.join(_plain_text(value) for value in values)}"
        samples = samples.assign(**{name: _occurred(samples, column, values, file)})
        endpoint = replace(endpoint, event=name)
    if endpoint.column in samples and endpoint.column is not None:
        column_values = samples[endpoint.column]
        endpoint = replace(
            endpoint,
            positive=_labels(column_values, endpoint.positive),
            negative=_labels(column_values, endpoint.negative),
        )
    return samples, endpoint


def _first_known(samples: pd.DataFrame, columns: list[str], file: str) -> pd.Series[Any]:
    for name in columns:
        if name not in samples:
            raise _no_column(samples, name, file)
    first: pd.Series[Any] = samples[columns[0]]
    for name in columns[1:]:
        first = first.where(first.notna(), samples[name])
    return first


def _occurred(samples: pd.DataFrame, column: str, values: list[Any], file: str) -> pd.Series[Any]:
    if column not in samples:
        raise _no_column(samples, column, file)
    labels = samples[column]
    event = pd.Series(False, samples.index)
    for value in values:
        found = same_label(labels, value)
        if not found.any() and labels.notna().any():
            known = ", ".join(sorted(map(_plain_text, labels.dropna().unique()))[:5])
            raise CohortError(
                f"no patient has the value {value!r} of an event; found {known}",
                "no_positive",
                file=file,
                column=column,
            )
        event |= found
    return event.astype(float).where(labels.notna(), np.nan)


def _arm_labels(column: pd.Series[Any], arm: ArmSpec) -> ArmSpec:
    return replace(arm, control=_label(column, arm.control), treated=_label(column, arm.treated))


def _labels(column: pd.Series[Any], values: Any) -> Any:
    return [_label(column, value) for value in values] if isinstance(values, list) else _label(column, values)


def _label(column: pd.Series[Any], value: Any) -> Any:
    """Label of a column that a truth value of yaml stands for; any other value as it is."""
    if not isinstance(value, bool) or column.dtype != object:
        return value
    words: Iterator[Any] = (word for word in column[same_label(column, value)].unique())
    found = [word for word in words if not isinstance(word, bool)]
    return found[0] if len(found) == 1 else value


def _no_column(samples: pd.DataFrame, name: str, file: str) -> CohortError:
    return CohortError(
        f"no such column; {nearest(name, map(str, samples.columns))}",
        "missing_column",
        file=file,
        column=name,
    )
