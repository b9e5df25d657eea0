"""Characteristics of the patients by group, as Table 1 of a clinical paper shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Characteristic", "LevelCount", "Quartiles", "characteristic", "standardised_difference"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Quartiles:
    """Median and quartiles of a numeric characteristic in one group; NaN where no patient has a value."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class LevelCount:
    """Patients of one group with a level, and their share of the patients whose level is known."""

    n: int
    share: float


@dataclass(frozen=True)
class Characteristic:
    """One characteristic in every group.

    Attributes
    ----------
    name
        Its name.
    quartiles
        One per group, for a number; empty for categories.
    levels
        Level -> counts, one per group; empty for a number.
    missing
        Patients of each group without a value.
    difference
        Largest standardised difference between two groups; NaN for one group or where it is not defined.
    """

    name: str
    quartiles: tuple[Quartiles, ...]
    levels: dict[str, tuple[LevelCount, ...]]
    missing: tuple[int, ...]
    difference: float


def characteristic(
    name: str, values: pd.Series[Any], groups: Sequence[NDArray[np.bool_]], compared: int
) -> Characteristic:
    """Summarize one characteristic.

    Parameters
    ----------
    name
        Its name.
    values
        (n,) numbers, or categories; bool and text are categories.
    groups
        (n,) each: whether a patient is in the group.
    compared
        Number of groups, from the last, whose differences are computed: not the group of all patients.

    Returns
    -------
    Characteristic

    Examples
    --------
    >>> ages = pd.Series([40.0, 50.0, 60.0, np.nan])
    >>> characteristic("age", ages, [np.ones(4, dtype=bool)], 0).quartiles
    (Quartiles(median=50.0, low=45.0, high=55.0),)
    """
    known = values.notna().to_numpy()
    missing = tuple(int((members & ~known).sum()) for members in groups)
    parts = [values[members & known] for members in groups]
    to_compare = parts[len(parts) - compared :]
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        numbers = [part.to_numpy(dtype=np.float64) for part in parts]
        return Characteristic(
            name, tuple(map(_quartiles, numbers)), {}, missing, _largest(numbers[len(numbers) - compared :])
        )
    categories = values.astype("category").cat.categories
    levels = {str(level): tuple(_count(part, level) for part in parts) for level in categories}
    coded = [
        np.array([(part == level).to_numpy(dtype=np.float64) for level in categories]).T
        for part in to_compare
    ]
    return Characteristic(name, (), levels, missing, _largest(coded))


def standardised_difference(one: Array, two: Array) -> float:
    """Absolute standardised difference of a number, or of the shares of categories, between two groups.

    Yang and Dalton 2012 (SAS Global Forum, paper 335) for categories: the Mahalanobis distance of the shares; for a
    number it is the difference of the means over the root of the mean variance (Austin 2009, doi 10.1002/sim.3697).

    Parameters
    ----------
    one, two
        (n,) numbers, or (n, levels) indicators of the levels.

    Returns
    -------
    float
        NaN if a group is empty or nothing varies.

    Examples
    --------
    >>> round(standardised_difference(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0])), 2)
    1.0
    """
    if not len(one) or not len(two):
        return float("nan")
    if one.ndim == 1:
        spread = (
            np.sqrt((np.var(one, ddof=1) + np.var(two, ddof=1)) / 2.0) if min(len(one), len(two)) > 1 else 0.0
        )
        return float(abs(one.mean() - two.mean()) / spread) if spread > 0.0 else float("nan")
    # The share of the last level follows from the others.
    p, q = one.mean(axis=0)[:-1], two.mean(axis=0)[:-1]
    covariance = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2.0
    if not covariance.any():
        return float("nan")
    distance = float((p - q) @ np.linalg.pinv(covariance, hermitian=True) @ (p - q))
    return float(np.sqrt(max(distance, 0.0)))


def _largest(parts: Sequence[Array]) -> float:
    found = [standardised_difference(one, two) for one, two in combinations(parts, 2)]
    known = [value for value in found if np.isfinite(value)]
    return max(known, default=float("nan"))


def _quartiles(values: Array) -> Quartiles:
    if not len(values):
        return Quartiles(float("nan"), float("nan"), float("nan"))
    low, median, high = (float(value) for value in np.quantile(values, [0.25, 0.5, 0.75]))
    return Quartiles(median, low, high)


def _count(part: pd.Series[Any], level: object) -> LevelCount:
    n = int((part == level).sum())
    return LevelCount(n, n / len(part) if len(part) else float("nan"))
