"""Sets of responses: how often they hold the truth and how wide they are, overall and for whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import beta

from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.metrics.metric import Metric
from stratomics.evaluation.metrics.survival_calibration import PROMISED

__all__ = [
    "MARGINAL_SET_COVERAGE",
    "MARGINAL_SET_COVERAGE_POSITIVE",
    "MARGINAL_SET_WIDTH",
    "SET_COVERAGE",
    "SET_COVERAGE_NEGATIVE",
    "SET_COVERAGE_POSITIVE",
    "SET_WIDTH",
    "coverage_table",
    "exact_interval",
    "few_together",
    "known_groups",
    "marginal_set_coverage",
    "marginal_set_coverage_positive",
    "marginal_set_width",
    "missing_views",
    "set_coverage",
    "set_coverage_negative",
    "set_coverage_positive",
    "set_width",
]

Array = NDArray[np.float64]

OTHERS = "others"
NO_SETS = "no sets of responses were predicted"


def set_coverage(cases: ResponseCases, weight: Array) -> Array:
    """Share of patients whose set holds their response, 0.9 is best: that is what is promised.

    Vovk, Gammerman and Shafer 2005, doi 10.1007/b106715. Marginal: it may hide that one class is hardly covered.
    Repeats are averaged. NaN where no sets were predicted.
    """
    return _mean(_covered(cases), weight)


def set_coverage_positive(cases: ResponseCases, weight: Array) -> Array:
    """Share of patients with a positive response whose set holds it, 0.9 is best; as :func:`set_coverage`."""
    return _mean(_covered(cases), weight * cases.positive)


def set_coverage_negative(cases: ResponseCases, weight: Array) -> Array:
    """Share of patients with a negative response whose set holds it, 0.9 is best; as :func:`set_coverage`."""
    return _mean(_covered(cases), weight * ~cases.positive)


def set_width(cases: ResponseCases, weight: Array) -> Array:
    """Mean number of classes in a set, lower is better at equal coverage; 2 says nothing.

    Vovk et al. 2016, doi 10.1007/978-3-319-33395-3_2 (the N criterion). Repeats are averaged.
    """
    return _mean(None if cases.sets is None else cases.sets.sum(axis=2).astype(np.float64), weight)


def marginal_set_coverage(cases: ResponseCases, weight: Array) -> Array:
    """Share of patients whose marginal set holds their response, 0.9 is best; as :func:`set_coverage`.

    Marginal sets promise it to all patients together, where `response_set` promises it to each class.
    """
    return set_coverage(cases.marginal, weight)


def marginal_set_coverage_positive(cases: ResponseCases, weight: Array) -> Array:
    """Share of patients with a positive response whose marginal set holds it, 0.9 is best; the average may hide it."""
    return set_coverage_positive(cases.marginal, weight)


def marginal_set_width(cases: ResponseCases, weight: Array) -> Array:
    """Mean number of classes in a marginal set, lower is better at equal coverage; as :func:`set_width`."""
    return set_width(cases.marginal, weight)


def coverage_table(cases: ResponseCases, by: Mapping[str, NDArray[np.str_]]) -> pd.DataFrame:
    """Coverage and mean width of the sets, overall, by class, and by what is known of the patients.

    Parameters
    ----------
    cases
        n patients with sets.
    by
        Name -> label of each patient (n,): a site, a sex, or :func:`missing_views`.

    Returns
    -------
    pandas.DataFrame
        ``by``, ``level``, ``n``, ``coverage``, ``low``, ``high`` (exact 95% interval over patients, whose repeats are
        averaged first), ``width``; no rows where no sets were predicted.
    """
    columns = ["by", "level", "n", "coverage", "low", "high", "width"]
    covered = _covered(cases)
    if covered is None or cases.sets is None:
        return pd.DataFrame(columns=columns)
    hit, width = covered.mean(axis=0), cases.sets.sum(axis=2).mean(axis=0)
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


def known_groups(patients: pd.DataFrame) -> dict[str, NDArray[np.str_]]:
    """Arm, site and missing views of the rows of ``patients.parquet``, as :func:`coverage_table` takes them.

    Examples
    --------
    >>> known_groups(pd.DataFrame({"site": ["x", "y"], "view.rna": [True, True]}))["site"].tolist()
    ['x', 'y']
    """
    columns = [column for column in ("arm", "site") if column in patients]
    return {c: patients[c].astype(str).to_numpy(dtype=str) for c in columns} | {
        "views": missing_views(patients)
    }


def missing_views(patients: pd.DataFrame) -> NDArray[np.str_]:
    """(n,) which views each patient lacks, from the columns ``view.NAME`` of ``patients.parquet``.

    Examples
    --------
    >>> missing_views(pd.DataFrame({"view.rna": [True, False], "view.cnv": [True, False]})).tolist()
    ['none missing', 'without rna, cnv']
    """
    names = [column for column in patients.columns if column.startswith("view.")]
    lacking = [
        [name.removeprefix("view.") for name, seen in zip(names, row, strict=True) if not seen]
        for row in patients[names].to_numpy(dtype=bool)
    ]
    return np.array([f"without {', '.join(views)}" if views else "none missing" for views in lacking])


def few_together(labels: NDArray[np.str_], least: int = 10) -> NDArray[np.str_]:
    """(n,) labels, where those of fewer than `least` patients are one, if there are several of them.

    Examples
    --------
    >>> few_together(np.array(["x", "x", "y", "z"]), least=2).tolist()
    ['x', 'x', 'others (2)', 'others (2)']
    """
    levels, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    few = counts < least
    if few.sum() < 2:  # noqa: PLR2004  # one alone would only lose its name
        return labels
    return np.where(few, f"{OTHERS} ({few.sum()})", levels)[place]


def exact_interval(count: float, n: float) -> tuple[float, float]:
    """95% interval of a share of `count` among `n`, whole or not.

    Clopper and Pearson 1934, doi 10.1093/biomet/26.4.404.

    Examples
    --------
    >>> low, high = exact_interval(10, 20)
    >>> round(low, 3), round(high, 3)
    (0.272, 0.728)
    """
    low = float(beta.ppf(0.025, count, n - count + 1)) if count > 0 else 0.0
    high = float(beta.ppf(0.975, count + 1, n - count)) if count < n else 1.0
    return low, high


def _covered(cases: ResponseCases) -> Array | None:
    """(repeats, n) 1 where the set holds the response."""
    if cases.sets is None:
        return None
    return np.where(cases.positive, cases.sets[..., 1], cases.sets[..., 0]).astype(np.float64)


def _mean(values: Array | None, weight: Array) -> Array:
    """(draws,) weighted mean of values (repeats, n) over patients, then over repeats; NaN where there are none."""
    nothing = np.full(len(weight), np.nan)
    if values is None:
        return nothing
    total = weight.sum(axis=1)
    mean: Array = np.divide((weight @ values.T).mean(axis=1), total, out=nothing, where=total > 0)
    return mean


def _coverage(function: Callable[[ResponseCases, Array], Array], label: str) -> Metric:
    return Metric(function, higher_is_better=None, label=label, best=PROMISED, absent=NO_SETS)


SET_COVERAGE = _coverage(set_coverage, "coverage of response sets")
SET_COVERAGE_POSITIVE = _coverage(set_coverage_positive, "coverage of positive patients")
SET_COVERAGE_NEGATIVE = _coverage(set_coverage_negative, "coverage of negative patients")
MARGINAL_SET_COVERAGE = _coverage(marginal_set_coverage, "coverage of marginal sets")
MARGINAL_SET_COVERAGE_POSITIVE = _coverage(
    marginal_set_coverage_positive, "coverage of positive patients by marginal sets"
)
MARGINAL_SET_WIDTH = Metric(
    marginal_set_width, higher_is_better=False, label="width of marginal sets", absent=NO_SETS
)
SET_WIDTH = Metric(set_width, higher_is_better=False, label="width of response sets", absent=NO_SETS)
