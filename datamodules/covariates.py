"""Covariates as numeric columns: standardised numbers, and one column per category."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self, TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["CovariateEncoder", "CovariateState"]

FAR = 6.0
"""A number is reported as extreme beyond this many standard deviations from the training mean."""


class CovariateState(TypedDict):
    """The fitted values of a :class:`CovariateEncoder`, for json.

    Attributes
    ----------
    order
        The covariates, in the order of the columns.
    numbers
        Number -> mean and scale; a scale of None means a constant column.
    levels
        Category -> its levels, the reference first.
    """

    order: list[str]
    numbers: dict[str, tuple[float, float | None]]
    levels: dict[str, list[str]]


class CovariateEncoder:
    """Learns the mean and scale of numbers and the levels of categories from training patients.

    A missing number becomes the training mean, which is 0 after scaling. A missing or unseen category has
    0 in each of its columns. The first level is the reference and has no column.

    Examples
    --------
    >>> train = pd.DataFrame({"age": [50.0, 70.0], "stage": ["I", "II"]})
    >>> encoder = CovariateEncoder().fit(train, ["age", "stage"])
    >>> encoder.names
    ('age', 'stage=II')
    >>> encoder.transform(pd.DataFrame({"age": [60.0, None], "stage": ["II", "III"]}))
    array([[0., 1.],
           [0., 0.]], dtype=float32)
    """

    def __init__(self) -> None:
        self._numbers: dict[str, tuple[float, float]] = {}
        self._levels: dict[str, list[str]] = {}
        self._order: list[str] = []

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that `transform` returns."""
        return tuple(label for name in self._order for label in self._labels(name))

    @property
    def owners(self) -> tuple[str, ...]:
        """Covariate of each column that `transform` returns."""
        return tuple(name for name in self._order for _ in self._labels(name))

    @property
    def kinds(self) -> dict[str, type[float] | type[str]]:
        """Covariate -> ``float`` for a number, ``str`` for a category, in the order of the columns."""
        return {name: float if name in self._numbers else str for name in self._order}

    def fit(self, samples: pd.DataFrame, covariates: Sequence[str]) -> Self:
        """Learn from training patients."""
        self._order = list(covariates)
        for name in covariates:
            column = samples[name]
            if pd.api.types.is_numeric_dtype(column):
                values = _floats(column)
                values = values[np.isfinite(values)]
                # A covariate that is constant or missing here is kept as a column of zeros.
                varies = len(values) > 0 and values.std() > 0
                self._numbers[name] = (float(values.mean()), float(values.std())) if varies else (0.0, np.inf)
            else:
                self._levels[name] = sorted(map(str, column.dropna().unique()))
        return self

    def transform(self, samples: pd.DataFrame) -> NDArray[np.float32]:
        """Encode training or new patients: (n, c) float32 without NaN."""
        columns = [np.zeros((len(samples), 0))]
        for name in self._order:
            present = name in samples.columns
            column = samples[name] if present else pd.Series(np.nan, index=samples.index)
            columns.append(self._code(name, column))
        return np.hstack(columns).astype(np.float32)

    def _code(self, name: str, column: pd.Series[Any]) -> NDArray[np.float64]:
        if name in self._numbers:
            mean, scale = self._numbers[name]
            return np.nan_to_num((_floats(column) - mean) / scale, nan=0.0)[:, None]
        text = column.astype(str).to_numpy()
        known = self._levels[name][1:]
        return np.array([[value == level for level in known] for value in text], dtype=np.float64).reshape(
            len(text), len(known)
        )

    def _labels(self, name: str) -> list[str]:
        return [name] if name in self._numbers else [f"{name}={level}" for level in self._levels[name][1:]]

    def shift_findings(self, samples: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
        """Yield where new patients differ from training: code of the finding, covariate, sentence."""
        for name in self._order:
            column = samples[name].dropna() if name in samples.columns else pd.Series(dtype=object)
            if not len(column):
                yield (
                    "covariate_absent",
                    name,
                    "no patient has this covariate; all patients get the training mean or the reference category",
                )
            elif name in self._numbers:
                yield from self._number_findings(name, column)
            elif unseen := sorted(set(map(str, column)) - set(self._levels[name])):
                count, shown = int(column.astype(str).isin(unseen).sum()), ", ".join(unseen[:3])
                sentence = f"{count} patient(s) have a category that is not in the training set, {shown}; "
                yield "category_unseen", name, sentence + "they get the reference category"

    def _number_findings(self, name: str, column: pd.Series[Any]) -> Iterator[tuple[str, str, str]]:
        values, (mean, scale) = _floats(column), self._numbers[name]
        if text := int(np.isnan(values).sum()):
            yield (
                "covariate_text",
                name,
                f"{text} value(s) are text, not numbers; they get the training mean",
            )
        extreme = np.abs(values - mean) > FAR * scale
        if extreme.any():
            far = f"{int(extreme.sum())} value(s) lie more than {FAR:g} standard deviations from the training mean"
            yield (
                "outside_range",
                name,
                f"{far} of {mean:.3g}, such as {values[extreme][0]:.3g}; is the unit the same?",
            )

    def to_state(self) -> CovariateState:
        """Return the fitted values for json."""
        finite = {k: (m, s if np.isfinite(s) else None) for k, (m, s) in self._numbers.items()}
        return {"order": self._order, "numbers": finite, "levels": self._levels}

    @classmethod
    def from_state(cls, state: CovariateState) -> Self:
        """Rebuild from :meth:`to_state`."""
        encoder = cls()
        encoder._order = list(state["order"])
        encoder._numbers = {k: (m, np.inf if s is None else s) for k, (m, s) in state["numbers"].items()}
        encoder._levels = {k: list(v) for k, v in state["levels"].items()}
        return encoder


def _floats(column: pd.Series[Any]) -> NDArray[np.float64]:
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
