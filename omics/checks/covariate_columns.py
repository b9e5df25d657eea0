"""Covariates and times: codes for unknown among numbers, categories written as numbers, repeated times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from omics.checks.finding import INFO, WARNING, Finding
from omics.cohort.read import cohort_spec

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["categories_as_numbers", "codes_of_unknown", "describe_covariates", "time_in_another_unit"]

NINES = re.compile(r"-?9+|-1")
FAR = 2.0
"""How many times as large as all other values a code for unknown is."""

CATEGORIES = {
    "race",
    "ethnicity",
    "ethnic",
    "histology",
    "histologic",
    "site",
    "region",
    "type",
    "subtype",
    "icd",
    "icdo",
    "morphology",
    "topography",
    "center",
    "centre",
    "hospital",
    "country",
    "batch",
    "platform",
    "treatment",
}
"""Words in the names of columns whose numbers are names and not quantities."""

MOST_CODES = 30
"""Largest number of different values of a column of codes."""

SPREAD = 0.01
"""Largest relative difference of the ratios of two columns that are the same time in two units."""

FEWEST = 10


def describe_covariates(cohort: MuData) -> Iterator[Finding]:
    """Describe each covariate: a range of numbers, or a number of categories, and how many patients lack it."""
    parts = []
    for name in cohort_spec(cohort).covariates:
        column = cohort.obs[name]
        present = column.dropna()
        if column.dtype.kind in "biuf":
            what = f"{present.min():g} to {present.max():g}" if len(present) else "no value"
        else:
            what = f"{present.nunique()} categories"
        missing = len(column) - len(present)
        parts.append(f"{name} {what}{f' ({missing} missing)' if missing else ''}")
    if parts:
        yield Finding("covariates", INFO, "covariates", "; ".join(parts))


def codes_of_unknown(cohort: MuData) -> Iterator[Finding]:
    """Find values such as 999 or -9 that repeat far from all others: they usually mean that a value is not known."""
    spec = cohort_spec(cohort)
    times = [name for e in spec.endpoints.values() for name in (e.time, e.entry) if name is not None]
    found = []
    for name in dict.fromkeys([*times, *spec.covariates]):
        code = _code(cohort.obs[name])
        if code is not None:
            count = int((pd.to_numeric(cohort.obs[name], errors="coerce") == code).sum())
            found.append((name, code, count))
    if found:
        codes = ", ".join(f"{name} {code} in {count} patients" for name, code, count in found)
        stated = ", ".join(f"{name}: {code}" for name, code, _ in found)
        yield Finding(
            "codes_of_unknown",
            WARNING,
            "samples",
            f"values that repeat far from all others often mean that the value is not known: {codes}; if so, declare "
            f"missing: {{{stated}}}",
        )


def _code(column: pd.Series[Any]) -> int | None:
    """Code for unknown in a column of numbers: the largest or smallest value, of nines or -1, far from the others."""
    if column.dtype.kind not in "iuf":
        return None
    values, counts = np.unique(column.dropna().to_numpy(dtype=float), return_counts=True)
    if len(values) < 3:  # noqa: PLR2004  # two other values are needed for a distance
        return None
    for at, other in ((-1, -2), (0, 1)):
        value, next_to = float(values[at]), float(values[other])
        if counts[at] < 2 or value % 1 != 0 or not NINES.fullmatch(f"{value:.0f}"):  # noqa: PLR2004  # a code repeats
            continue
        if (at == -1 and value > 0 and value >= FAR * next_to > 0) or (at == 0 and value < 0 <= next_to):
            return int(value)
    return None


def categories_as_numbers(cohort: MuData) -> Iterator[Finding]:
    """Find covariates whose whole numbers are codes by the name of the column, such as race or an ICD code."""
    spec = cohort_spec(cohort)
    found = [
        name for name in spec.covariates if name not in spec.categories and _is_code(name, cohort.obs[name])
    ]
    if found:
        yield Finding(
            "category_as_number",
            WARNING,
            "covariates",
            f"{', '.join(found)}: by the name the numbers are codes, and as a quantity a code counts by its size; "
            f"declare categories: [{', '.join(found)}]",
        )


def _is_code(name: str, column: pd.Series[Any]) -> bool:
    words = {word.lower() for word in re.split(r"[\W_]+", name)}
    if column.dtype.kind not in "iuf" or not words & CATEGORIES:
        return False
    present = column.dropna()
    return bool((present % 1 == 0).all() and 2 < present.nunique() <= MOST_CODES)  # noqa: PLR2004  # two need no order


def time_in_another_unit(cohort: MuData) -> Iterator[Finding]:
    """Find covariates that are the time of an endpoint in another unit."""
    spec = cohort_spec(cohort)
    for name, endpoint in spec.endpoints.items():
        if endpoint.time is None:
            continue
        time = pd.to_numeric(cohort.obs[endpoint.time], errors="coerce").to_numpy(dtype=float)
        for covariate in spec.covariates:
            if cohort.obs[covariate].dtype.kind in "iuf" and _proportional(
                time, cohort.obs[covariate].to_numpy(dtype=float)
            ):
                yield Finding(
                    "time_as_covariate",
                    WARNING,
                    covariate,
                    f"it is the time of '{name}' in the same or another unit, and predicts the outcome because it is "
                    "the outcome: remove it from the covariates",
                )


def _proportional(time: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    both = np.isfinite(time) & np.isfinite(other) & (time > 0)
    if both.sum() < FEWEST or len(np.unique(time[both])) < FEWEST:
        return False
    ratios = other[both] / time[both]
    middle = float(np.median(ratios))
    # Rounding to whole months or years spreads the ratio of short times.
    return bool(middle > 0 and np.mean(np.abs(ratios / middle - 1) < SPREAD) > 0.9)  # noqa: PLR2004  # almost all
