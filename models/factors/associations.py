"""What factors hang together with: covariates, site, arm, endpoints; one that is merely the batch is seen."""

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

FEWEST = 3
"""Patients, and in a grouping also more than groups: fewer leave a test nothing to go by."""


@dataclass(frozen=True)
class Found:
    """One test of a factor: its name, the measure and size of the effect, where the factor is high, and p."""

    test: str
    measure: str
    effect: float
    direction: str
    p: float


@dataclass(frozen=True)
class Variable:
    """What factors are held against: (n,) who has it, and a test of the factor of some of them.

    The test gives nothing where the variable does not vary.
    """

    kind: str
    name: str
    known: NDArray[np.bool_]
    test: Callable[[Array, Rows], Found | None]


def associations(scores: pd.DataFrame, cohort: MuData) -> pd.DataFrame:
    """Test each factor against each covariate, the site, the arm and each endpoint.

    This describes; what is selected by it cannot be evaluated on the same patients.

    Parameters
    ----------
    scores
        A row a patient of `cohort`, indexed by id, a column a factor. Patients who are not in it take no part.
    cohort
        Where the rest is known from.

    Returns
    -------
    pandas.DataFrame
        A row a test: ``factor``, ``kind`` (covariate, site, arm or endpoint), ``name``, ``n`` patients, ``test``,
        ``measure``, ``effect``, ``direction``, ``p``, and ``q``, by Benjamini and Hochberg (1995,
        doi 10.1111/j.2517-6161.1995.tb02031.x) over the whole table. What does not vary among these patients cannot be
        tested and has no row.

    Raises
    ------
    InputError
        If somebody in `scores` is not in `cohort`.

    Notes
    -----
    All tests go by the ranks of the factor, so that no single patient makes one.

    ========== ============== ================================================ ===========================
    against    test           effect                                           direction
    ========== ============== ================================================ ===========================
    a number   Spearman       rho                                              rises, falls
    groups     Kruskal-Wallis eta2 = (H - k + 1) / (n - k), not below 0        the group where it is highest
    a response Mann-Whitney   auc: how often a positive patient has more of it higher, lower
    survival   Cox score      hazard_ratio per sd of the ranks, one step       earlier, later
    ========== ============== ================================================ ===========================
    """
    if len(strangers := scores.index.difference(cohort.obs_names)):
        raise InputError(
            f"patient {strangers[0]} has factors but is not in the cohort; give the cohort they are of"
        )
    found = []
    for factor in scores.columns:
        column = scores[factor].reindex(cohort.obs_names).to_numpy(dtype=np.float64)
        for variable in _variables(cohort):
            rows = np.flatnonzero(variable.known & np.isfinite(column))
            result = variable.test(column[rows], rows) if _varies(column[rows]) else None
            if result is not None:
                about = {"factor": factor, "kind": variable.kind, "name": variable.name, "n": len(rows)}
                found.append(about | asdict(result))
    table = pd.DataFrame(found, columns=list(COLUMNS))
    table["q"] = false_discovery_control(table["p"]) if len(table) else 0.0
    return table


def cox_score(covariate: Array, event: NDArray[np.bool_], time: Array) -> tuple[float, float]:
    """Score and information of a Cox model with one covariate, at a log hazard ratio of 0.

    ``score**2 / information`` is chi-squared with one degree of freedom; for two groups it is the log-rank test, ties
    included (Cox 1972, doi 10.1111/j.2517-6161.1972.tb00899.x).

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
    together = np.bincount(first, event)[first]
    # The variance of a sum of draws without replacement, where several events share a time.
    tied = (at_risk - together) / np.maximum(at_risk - 1, 1)
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


def _against_number(values: Array, score: Array, rows: Rows) -> Found | None:
    if not _varies(values[rows]):
        return None
    rho, p = spearmanr(score, values[rows])
    return Found("Spearman", "rho", float(rho), "rises" if rho > 0 else "falls", float(p))


def _against_groups(labels: NDArray[np.object_], score: Array, rows: Rows) -> Found | None:
    ranks = pd.Series(rankdata(score)).groupby(labels[rows])
    k, n = ranks.ngroups, len(rows)
    if k == 1 or n <= k:
        return None
    statistic, p = kruskal(*(group.to_numpy() for _, group in ranks))
    effect = max(0.0, (float(statistic) - k + 1) / (n - k))
    return Found("Kruskal-Wallis", "eta2", effect, str(ranks.mean().idxmax()), float(p))


def _against_endpoint(endpoint: Survival | Response, score: Array, rows: Rows) -> Found | None:
    part = endpoint.take(rows)
    return _against_survival(part, score) if isinstance(part, Survival) else _against_response(part, score)


def _against_response(response: Response, score: Array) -> Found | None:
    positive = response.positive
    if positive.all() or not positive.any():
        return None
    statistic, p = mannwhitneyu(score[positive], score[~positive])
    auc = float(statistic) / (positive.sum() * (~positive).sum())
    return Found("Mann-Whitney", "auc", float(auc), "higher" if auc > 1 / 2 else "lower", float(p))


def _against_survival(survival: Survival, score: Array) -> Found | None:
    ranks = rankdata(score)
    derivative, information = cox_score((ranks - ranks.mean()) / ranks.std(), survival.event, survival.time)
    if information <= 0:
        return None
    ratio = float(np.exp(derivative / information))
    p = float(chi2.sf(derivative**2 / information, 1))
    return Found("Cox score", "hazard_ratio", ratio, "earlier" if ratio > 1 else "later", p)


def _varies(values: Array) -> bool:
    return len(values) >= FEWEST and bool(np.ptp(values) > 0)
