"""Groups of patients of another cohort: performance, coverage, abstention, selection, and what can be excluded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import ConfigError, nearest
from stratomics.evaluation.cases import Cases, SurvivalCases
from stratomics.evaluation.coverage_tables import bound_coverage_table, set_coverage_table
from stratomics.evaluation.intervals import Estimate, estimate_with_interval
from stratomics.evaluation.metrics import DISCRIMINATION
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.patient_groups import NOT_RECORDED, patient_groups
from stratomics.evaluation.subgroup_performance import subgroup_performance
from stratomics.transportability.external import FEWEST_OUTCOMES, fewest_outcomes, kind_of, share

__all__ = ["BOTH", "DiscriminationTest", "GroupRow", "Groups", "declared_groups", "group_results"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

BOTH = " and "
"""Between the names, and the levels, of two-way groups."""
LEVELS = 20
"""Largest number of levels of a column that groups patients."""


@dataclass(frozen=True)
class GroupRow:
    """One group.

    Attributes
    ----------
    by, level
        What groups the patients, and the group.
    patients, events
        Patients, and events or positive responses.
    known
        Whether the group has enough events (or patients of either class) for the estimates below.
    discrimination, ratio
        Harrell's C or AUROC within the group, and observed over expected.
    difference
        Discrimination in the group minus that of all other patients; outside its interval is excluded.
    coverage
        Coverage of response sets or survival bounds, nominal 0.9.
    abstained, selected
        Share for whom the model abstains, and whom the locked rule selects.
    """

    by: str
    level: str
    patients: int
    events: int
    known: bool
    discrimination: Estimate | None = None
    ratio: Estimate | None = None
    difference: Estimate | None = None
    coverage: Estimate | None = None
    abstained: Estimate | None = None
    selected: Estimate | None = None


@dataclass(frozen=True)
class DiscriminationTest:
    """Test that all groups of one kind have the same discrimination.

    Attributes
    ----------
    by
        What groups the patients.
    levels
        Number of groups compared.
    p, p_holm
        P value of a Wald test, and after Holm's adjustment for all kinds of groups; NaN if not tested.
    """

    by: str
    levels: int
    p: float
    p_holm: float


@dataclass(frozen=True)
class Groups:
    """All groups, and one test per kind of groups."""

    rows: tuple[GroupRow, ...]
    tests: tuple[DiscriminationTest, ...]


def declared_groups(patients: pd.DataFrame, names: tuple[str, ...] | None) -> dict[str, pd.Categorical]:
    """Group patients by declared columns, and by pairs of them.

    Parameters
    ----------
    patients
        (n,) rows of :func:`stratomics.runs.patients_table.patients_table`.
    names
        ``sex``, ``age``, ``site``, ``arm``, or names of covariates; None for those that are recorded of the first four.

    Returns
    -------
    dict
        Name -> level of each patient; pairs of names follow, such as ``sex and age``.

    Raises
    ------
    ConfigError
        If the cohort records no such group, or a column has more than 20 values.
    """
    known = patient_groups(patients)
    covariates = [str(c).removeprefix("covariate.") for c in patients if str(c).startswith("covariate.")]
    groups: dict[str, pd.Categorical] = {}
    for name in _varying(known) if names is None else names:
        if name in known:
            groups[name] = known[name]
        elif name in covariates:
            groups[name] = _levels(patients[f"covariate.{name}"], name)
        else:
            choices = nearest(name, [*known, *covariates])
            raise ConfigError(f"--groups: the cohort records no '{name}'; {choices}")
    pairs = combinations(_varying(groups), 2)
    return groups | {BOTH.join(pair): _two_way(groups, *pair) for pair in pairs}


def _varying(groups: Mapping[str, pd.Categorical]) -> list[str]:
    """Names of the groups of which at least two levels occur."""
    return [name for name, labels in groups.items() if len(set(labels)) > 1]


def _levels(column: pd.Series[Any], name: str) -> pd.Categorical:
    numeric = pd.api.types.is_numeric_dtype(column)
    text = column.map("{:g}".format if numeric else str).where(column.notna(), NOT_RECORDED)
    if text.nunique() > LEVELS:
        raise ConfigError(
            f"--groups: '{name}' has {text.nunique()} values; choose one with at most {LEVELS}, such as a category"
        )
    return pd.Categorical(text)


def _two_way(groups: Mapping[str, pd.Categorical], first: str, second: str) -> pd.Categorical:
    levels = [
        BOTH.join((one, two))
        for one in groups[first].categories.astype(str)
        for two in groups[second].categories.astype(str)
    ]
    labels = [
        BOTH.join(pair) for pair in zip(groups[first].astype(str), groups[second].astype(str), strict=True)
    ]
    return pd.Categorical(labels, categories=levels)


def group_results(
    cases: Cases,
    by: Mapping[str, pd.Categorical],
    weight: Array,
    abstained: Flags | None = None,
    selected: Flags | None = None,
) -> Groups:
    """Evaluate a fixed model in each group of patients.

    Parameters
    ----------
    cases
        n patients.
    by
        Name -> level of each patient (n,), as from :func:`declared_groups`.
    weight
        (1 + draws, n) bootstrap weights.
    abstained, selected
        (n,) whether the model abstains, and whether the locked rule selects the patient.

    Returns
    -------
    Groups
        A group with fewer than 10 events, or patients of the rarer class, has a row that is not ``known``. Pairs of
        groups are shown only where a group is known.
    """
    found = subgroup_performance(cases, by, weight, FEWEST_OUTCOMES)
    coverage = _coverage(cases, {name: np.asarray(labels, dtype=str) for name, labels in by.items()})
    rows = []
    for row in found.rows.to_dict("records"):
        members = np.asarray(by[row["by"]] == row["level"])
        if BOTH in row["by"] and not row["enough"]:
            continue
        rows.append(
            GroupRow(
                str(row["by"]),
                str(row["level"]),
                int(row["n"]),
                int(row["events"]),
                bool(row["enough"]),
                _estimate(row["rank"], row["low"], row["high"]),
                _estimate(row["ratio"], row["ratio_low"], row["ratio_high"]),
                _difference(cases, members, weight) if row["enough"] else None,
                coverage.get((str(row["by"]), str(row["level"]))),
                share(None if abstained is None else abstained[members]),
                share(None if selected is None else selected[members]),
            )
        )
    tests = found.tests.to_dict("records")
    return Groups(
        tuple(rows),
        tuple(
            DiscriminationTest(str(t["by"]), int(t["levels"]), float(t["p"]), float(t["p_holm"]))
            for t in tests
        ),
    )


def _estimate(value: float, low: float, high: float) -> Estimate | None:
    if not np.isfinite(value):
        return None
    if not np.isfinite(low):
        return {"estimate": float(value)}
    return {"estimate": float(value), "low": float(low), "high": float(high)}


def _difference(cases: Cases, members: Flags, weight: Array) -> Estimate | None:
    """Discrimination within the group minus that within all other patients."""
    rest = cases.take(np.flatnonzero(~members))
    if not len(rest) or fewest_outcomes(rest) < FEWEST_OUTCOMES:
        return None
    function = find_metric(DISCRIMINATION[kind_of(cases)]).function
    inside = function(cases.take(np.flatnonzero(members)), weight[:, members])
    values = inside - function(rest, weight[:, ~members])
    return estimate_with_interval(values) if np.isfinite(values[0]) else None


def _coverage(cases: Cases, by: Mapping[str, NDArray[np.str_]]) -> dict[tuple[str, str], Estimate]:
    table = (
        bound_coverage_table(cases, by) if isinstance(cases, SurvivalCases) else set_coverage_table(cases, by)
    )
    return {
        (str(row["by"]), str(row["level"])): estimate
        for row in table.to_dict("records")
        if (estimate := _estimate(row["coverage"], row["low"], row["high"])) is not None
    }
