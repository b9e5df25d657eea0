"""Coverage of lower bounds and response sets, overall and by group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stratomics.evaluation.cases import Cases, ResponseCases, SurvivalCases
from stratomics.evaluation.intervals import exact_interval
from stratomics.evaluation.metrics.response_sets import covered
from stratomics.evaluation.metrics.survival_bounds import bound_weights

__all__ = [
    "CoverageRow",
    "bound_coverage_table",
    "coverage_groups",
    "coverage_rows",
    "merge_small_groups",
    "missing_views",
    "set_coverage_table",
]

Array = NDArray[np.float64]

OTHERS = "others"


class CoverageRow(TypedDict):
    """Coverage of one group, as in ``metrics.json``; None stands for NaN.

    Attributes
    ----------
    by, level
        The group, such as ``site`` and its name; both are ``all`` for all patients.
    n
        Number of patients.
    counted
        Lower bounds only: patients of whom it is known whether they reached their bound, mean over the repeats.
    coverage, low, high
        With its exact 95% interval.
    bound
        Lower bounds only: the median, in units of time.
    width
        Response sets only: mean number of classes.
    """

    by: str
    level: str
    n: int
    counted: NotRequired[float]
    coverage: float | None
    low: float | None
    high: float | None
    bound: NotRequired[float]
    width: NotRequired[float]


def coverage_rows(cases: Cases, patients: pd.DataFrame) -> list[CoverageRow]:
    """Coverage of the bounds or sets, overall and by the groups of :func:`coverage_groups`.

    Parameters
    ----------
    cases
        n patients.
    patients
        (n,) rows of ``patients.parquet``.

    Returns
    -------
    list of CoverageRow
        Rows of :func:`bound_coverage_table` or :func:`set_coverage_table`; empty if no bounds or sets were predicted.
    """
    groups = coverage_groups(patients)
    if isinstance(cases, SurvivalCases):
        table = bound_coverage_table(cases, groups)
    else:
        table = set_coverage_table(cases, groups)
    # JSON has no NaN.
    return [
        cast(
            "CoverageRow",
            {
                str(key): None if isinstance(value, float) and np.isnan(value) else value
                for key, value in row.items()
            },
        )
        for row in table.to_dict("records")
    ]


def bound_coverage_table(cases: SurvivalCases, by: Mapping[str, NDArray[np.str_]]) -> pd.DataFrame:
    """Coverage and median length of the lower bounds, overall and by group.

    Coverage is that of :func:`stratomics.evaluation.metrics.survival_bounds.bound_coverage`; the row of all patients
    equals this metric. Patients with a known result represent those who were censored before their bound, by weights
    from the censoring distribution of all patients.

    Parameters
    ----------
    cases
        n patients with bounds.
    by
        Name -> label of each patient (n,), as from :func:`coverage_groups`.

    Returns
    -------
    pandas.DataFrame
        ``by``, ``level``, ``n``, ``counted`` (patients of whom it is known whether they reached their bound, mean over
        the repeats), ``coverage``, ``low``, ``high`` (exact 95% interval at the effective sample size of Kish 1965),
        ``bound`` (median, in units of time). Coverage is NaN if no patient counts; there are no rows if no bounds were
        predicted.
    """
    columns = ["by", "level", "n", "counted", "coverage", "low", "high", "bound"]
    if cases.bound is None:
        return pd.DataFrame(columns=columns)
    once = np.ones((1, len(cases)))
    both = [bound_weights(cases, once, bound) for bound in cases.bound]
    # (repeats, n) each.
    reached, failed = (np.concatenate(parts) for parts in zip(*both, strict=True))
    rows = []
    for name, labels in {"all": np.full(len(cases), "all"), **by}.items():
        for level in np.unique(labels):
            members = labels == level
            coverage = _coverage(reached[:, members], failed[:, members])
            bound = float(np.median(cases.bound[:, members]))
            rows.append((name, str(level), int(members.sum()), *coverage, bound))
    return pd.DataFrame(rows, columns=columns)


def set_coverage_table(cases: ResponseCases, by: Mapping[str, NDArray[np.str_]]) -> pd.DataFrame:
    """Coverage and mean width of the response sets, overall, by class, and by group.

    Parameters
    ----------
    cases
        n patients with sets.
    by
        Name -> label of each patient (n,), as from :func:`coverage_groups`.

    Returns
    -------
    pandas.DataFrame
        ``by``, ``level``, ``n``, ``coverage``, ``low``, ``high`` (exact 95% interval over patients, after averaging
        their repeats), ``width``; no rows if no sets were predicted.
    """
    columns = ["by", "level", "n", "coverage", "low", "high", "width"]
    contains = covered(cases)
    if contains is None or cases.sets is None:
        return pd.DataFrame(columns=columns)
    hit, width = contains.mean(axis=0), cases.sets.sum(axis=2).mean(axis=0)
    split = {
        "all": np.full(len(cases), "all"),
        "class": np.where(cases.positive, "positive", "negative"),
        **by,
    }
    rows = []
    for name, labels in split.items():
        for level in np.unique(labels):
            members = labels == level
            n = int(members.sum())
            low, high = exact_interval(float(hit[members].sum()), n)
            rows.append((name, str(level), n, hit[members].mean(), low, high, width[members].mean()))
    return pd.DataFrame(rows, columns=columns)


def coverage_groups(patients: pd.DataFrame) -> dict[str, NDArray[np.str_]]:
    """Label patients by arm, site and missing views, from the rows of ``patients.parquet``.

    Examples
    --------
    >>> coverage_groups(pd.DataFrame({"site": ["x", "y"], "view.rna": [True, True]}))["site"].tolist()
    ['x', 'y']
    """
    columns = [column for column in ("arm", "site") if column in patients]
    return {c: patients[c].astype(str).to_numpy(dtype=str) for c in columns} | {
        "views": missing_views(patients)
    }


def missing_views(patients: pd.DataFrame) -> NDArray[np.str_]:
    """(n,) missing views of each patient, from the columns ``view.NAME`` of ``patients.parquet``.

    Examples
    --------
    >>> missing_views(pd.DataFrame({"view.rna": [True, False], "view.cnv": [True, False]})).tolist()
    ['none missing', 'without rna, cnv']
    """
    names = [column for column in patients.columns if column.startswith("view.")]
    missing = [
        [name.removeprefix("view.") for name, measured in zip(names, row, strict=True) if not measured]
        for row in patients[names].to_numpy(dtype=bool)
    ]
    return np.array([f"without {', '.join(views)}" if views else "none missing" for views in missing])


def merge_small_groups(labels: NDArray[np.str_], least: int = 10) -> NDArray[np.str_]:
    """Merge the levels with few patients into one, if there are several.

    Parameters
    ----------
    labels
        (n,) level of each patient.
    least
        Levels with fewer patients are merged.

    Returns
    -------
    numpy.ndarray
        (n,) levels; the merged level is ``others (NUMBER OF LEVELS)``.

    Examples
    --------
    >>> merge_small_groups(np.array(["x", "x", "y", "z"]), least=2).tolist()
    ['x', 'x', 'others (2)', 'others (2)']
    """
    levels, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    few = counts < least
    if few.sum() < 2:  # noqa: PLR2004  # a single small level keeps its name
        return labels
    return np.where(few, f"{OTHERS} ({few.sum()})", levels)[place]


def _coverage(reached: Array, failed: Array) -> tuple[float, float, float, float]:
    """Patients that count, their coverage and its interval, from weights (repeats, n)."""
    weight = reached + failed
    counted = float((weight > 0).sum(axis=1).mean())
    total = weight.sum(axis=1)
    if not (total > 0).all():
        return counted, np.nan, np.nan, np.nan
    coverage = float((reached.sum(axis=1) / total).mean())
    effective_n = float((total**2 / (weight**2).sum(axis=1)).mean())
    return counted, coverage, *exact_interval(coverage * effective_n, effective_n)
