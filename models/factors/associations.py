"""Associations of factors with covariates, site, arm and endpoints; they show a factor that is a batch effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2, false_discovery_control, kruskal, mannwhitneyu, rankdata, spearmanr

from omics.checks.labels import as_text
from omics.cohort.endpoints import Response, Survival
from omics.cohort.read import cohort_endpoints, cohort_spec
from omics.common.errors import InputError

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["associations", "cox_score"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

COLUMNS = ("factor", "kind", "name", "n", "test", "measure", "effect", "direction", "p", "q")

MIN_PATIENTS = 3
"""Smallest number of patients for a test; a test of groups also needs more patients than groups."""


@dataclass(frozen=True)
class AssociationTest:
    """Result of one test of a factor.

    Attributes
    ----------
    test
        Name of the test.
    measure, effect
        Name and value of the effect size.
    direction
        Where the factor is high.
    p
        Two-sided p-value.
    """

    test: str
    measure: str
    effect: float
    direction: str
    p: float


@dataclass(frozen=True)
class Variable:
    """A variable that factors are tested against.

    Attributes
    ----------
    kind, name
        As in the table of :func:`associations`.
    known
        (n,) bool: the patient has a value.
    test
        Function of the factor scores and the row numbers of these patients; None if the variable does not vary.
    """

    kind: str
    name: str
    known: NDArray[np.bool_]
    test: Callable[[Array, Rows], AssociationTest | None]


def associations(scores: pd.DataFrame, cohort: MuData) -> pd.DataFrame:
    """Test each factor against each covariate, the site, the arm and each endpoint.

    The table is descriptive: factors selected by it must not be evaluated on the same patients.

    Parameters
    ----------
    scores
        One row per patient, indexed by patient id, and one column per factor. Patients without a row are ignored.
    cohort
        The cohort with the covariates and endpoints of these patients.

    Returns
    -------
    pandas.DataFrame
        One row per test: ``factor``, ``kind`` (covariate, site, arm or endpoint), ``name``, ``n`` patients, ``test``,
        ``measure``, ``effect``, ``direction``, ``p``, and ``q``, the p-value adjusted for the false discovery rate over
        the whole table (Benjamini and Hochberg 1995, doi 10.1111/j.2517-6161.1995.tb02031.x). A variable that does
        not vary among these patients has no row.

    Raises
    ------
    InputError
        If a patient in `scores` is not in `cohort`.

    Notes
    -----
    All tests use the ranks of the factor, so a single extreme patient cannot cause a result.

    ========== ============== ================================================ ===========================
    against    test           effect                                           direction
    ========== ============== ================================================ ===========================
    a number   Spearman       rho                                              rises, falls
    groups     Kruskal-Wallis eta2 = (H - k + 1) / (n - k), at least 0         the group with the highest factor
    a response Mann-Whitney   auc: P(factor of a positive > of a negative)     higher, lower
    survival   Cox score      hazard_ratio per sd of the ranks, one step       earlier, later
    ========== ============== ================================================ ===========================
    """
    if len(unknown := scores.index.difference(cohort.obs_names)):
        raise InputError(
            f"patient {unknown[0]} has factors but is not in the cohort; give the cohort of these patients"
        )
    rows_of_table = []
    for factor in scores.columns:
        column = scores[factor].reindex(cohort.obs_names).to_numpy(dtype=np.float64)
        for variable in _variables(cohort):
            rows = np.flatnonzero(variable.known & np.isfinite(column))
            result = variable.test(column[rows], rows) if _varies(column[rows]) else None
            if result is not None:
                about = {"factor": factor, "kind": variable.kind, "name": variable.name, "n": len(rows)}
                rows_of_table.append(about | asdict(result))
    table = pd.DataFrame(rows_of_table, columns=list(COLUMNS))
    table["q"] = false_discovery_control(table["p"]) if len(table) else 0.0
    return table


def cox_score(covariate: Array, event: NDArray[np.bool_], time: Array) -> tuple[float, float]:
    """Score and information of a Cox model with one covariate, at a log hazard ratio of 0.

    ``score**2 / information`` is chi-squared with one degree of freedom; for two groups it is the log-rank test, also
    with ties (Cox 1972, doi 10.1111/j.2517-6161.1972.tb00899.x).

    Parameters
    ----------
    covariate
        (n,) values.
    event
        (n,) bool, True if the event occurred.
    time
        (n,) time of event or censoring.

    Returns
    -------
    score
        Derivative of the log partial likelihood; positive if higher values go with earlier events.
    information
        Its variance.

    Examples
    --------
    >>> cox_score(np.array([1.0, 0.0]), np.array([True, True]), np.array([1.0, 2.0]))
    (0.5, 0.25)
    """
    order = np.argsort(time, kind="stable")
    x, event, time = covariate[order], event[order], time[order]
    first = np.searchsorted(time, time)
    at_risk = len(time) - first
    mean, square = (np.cumsum(part[::-1])[::-1][first] / at_risk for part in (x, x**2))
    events = np.bincount(first, event)[first]
    # Variance of a sum of draws without replacement, for several events at the same time.
    tied = (at_risk - events) / np.maximum(at_risk - 1, 1)
    information = (tied * (square - mean**2))[event].sum()
    return float((x - mean)[event].sum()), float(information)


def _variables(cohort: MuData) -> Iterator[Variable]:
    spec, obs = cohort_spec(cohort), cohort.obs
    for name in spec.covariates:
        yield _column("covariate", name, obs[name])
    if spec.site is not None:
        yield _column("site", spec.site, as_text(obs[spec.site]))
    if spec.arm is not None:
        yield _column("arm", spec.arm.column, as_text(obs[spec.arm.column]))
    for name, endpoint in cohort_endpoints(cohort).named.items():
        yield Variable("endpoint", name, endpoint.observed, partial(_against_endpoint, endpoint))


def _column(kind: str, name: str, column: pd.Series[Any]) -> Variable:
    known = column.notna().to_numpy(dtype=bool)
    if pd.api.types.is_numeric_dtype(column):
        return Variable(
            kind, name, known, partial(_against_number, column.to_numpy(np.float64, na_value=np.nan))
        )
    return Variable(kind, name, known, partial(_against_groups, as_text(column).to_numpy(dtype=object)))


def _against_number(values: Array, score: Array, rows: Rows) -> AssociationTest | None:
    if not _varies(values[rows]):
        return None
    rho, p = spearmanr(score, values[rows])
    return AssociationTest("Spearman", "rho", float(rho), "rises" if rho > 0 else "falls", float(p))


def _against_groups(labels: NDArray[np.object_], score: Array, rows: Rows) -> AssociationTest | None:
    ranks = pd.Series(rankdata(score)).groupby(labels[rows])
    k, n = ranks.ngroups, len(rows)
    if k == 1 or n <= k:
        return None
    statistic, p = kruskal(*(group.to_numpy() for _, group in ranks))
    effect = max(0.0, (float(statistic) - k + 1) / (n - k))
    return AssociationTest("Kruskal-Wallis", "eta2", effect, str(ranks.mean().idxmax()), float(p))


def _against_endpoint(endpoint: Survival | Response, score: Array, rows: Rows) -> AssociationTest | None:
    part = endpoint.take(rows)
    return _against_survival(part, score) if isinstance(part, Survival) else _against_response(part, score)


def _against_response(response: Response, score: Array) -> AssociationTest | None:
    positive = response.positive
    if positive.all() or not positive.any():
        return None
    statistic, p = mannwhitneyu(score[positive], score[~positive])
    auc = float(statistic) / (positive.sum() * (~positive).sum())
    return AssociationTest("Mann-Whitney", "auc", float(auc), "higher" if auc > 1 / 2 else "lower", float(p))


def _against_survival(survival: Survival, score: Array) -> AssociationTest | None:
    ranks = rankdata(score)
    derivative, information = cox_score((ranks - ranks.mean()) / ranks.std(), survival.event, survival.time)
    if information <= 0:
        return None
    ratio = float(np.exp(derivative / information))
    p = float(chi2.sf(derivative**2 / information, 1))
    return AssociationTest("Cox score", "hazard_ratio", ratio, "earlier" if ratio > 1 else "later", p)


def _varies(values: Array) -> bool:
    return len(values) >= MIN_PATIENTS and bool(np.ptp(values) > 0)
