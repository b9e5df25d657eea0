"""Missingness: whether patients without a measurement differ in outcome or arm from those with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from models.survival.risk_sets import number_at_risk
from omics.checks.labels import association
from omics.cohort.endpoints import Response, Survival

__all__ = ["FEWEST", "covariate_missingness", "log_rank", "one_step_odds_ratio", "view_missingness"]

Array = NDArray[np.float64]

FEWEST = 5
"""Minimum number of patients without, and with, a measurement; below it no test is made."""


def view_missingness(patients: pd.DataFrame, outcome: Survival | Response) -> pd.DataFrame:
    """Count the patients without each view, and test whether they differ in outcome or arm from those with it.

    Parameters
    ----------
    patients
        Rows of ``patients.parquet``, with columns ``view.NAME`` (bool), and ``arm`` where there is one.
    outcome
        The primary endpoint of these patients.

    Returns
    -------
    pandas.DataFrame
        One row per view: ``view``, ``missing`` (patients), ``n``, ``share``, ``endpoint_p`` (log-rank test for
        survival, Fisher's exact test for a response), ``endpoint_effect`` (one-step hazard or odds ratio of patients
        without the view to patients with it: above 1 the event is earlier, or the response is more often positive),
        ``arm_p`` (Fisher's exact test, or chi-squared test for more than two arms). NaN if fewer than `FEWEST` patients
        are without or with the view, no patient has the event, or there is one arm. P values are not adjusted; see
        :func:`stratomics.evaluation.p_values.holm`.

    Examples
    --------
    >>> patients = pd.DataFrame({"view.rna": [False] * 5 + [True] * 5})
    >>> response = Response(np.arange(10) < 5, np.ones(10, dtype=bool))
    >>> view_missingness(patients, response)[["view", "missing", "share", "endpoint_p"]].round(4)
      view  missing  share  endpoint_p
    0  rna        5    0.5      0.0079
    """
    views = [c for c in patients.columns if c.startswith("view.")]
    missing = {c.removeprefix("view."): ~patients[c].to_numpy(dtype=np.bool_) for c in views}
    return _rows("view", missing, patients, outcome)


def covariate_missingness(patients: pd.DataFrame, outcome: Survival | Response) -> pd.DataFrame:
    """As :func:`view_missingness`, for clinical covariates.

    Parameters
    ----------
    patients
        Rows of ``patients.parquet``, with columns ``covariate.NAME``, and ``arm`` where there is one.
    outcome
        The primary endpoint of these patients.

    Returns
    -------
    pandas.DataFrame
        One row per covariate; columns as in :func:`view_missingness`, with ``covariate`` in place of ``view``.
    """
    names = [c for c in patients.columns if c.startswith("covariate.")]
    missing = {c.removeprefix("covariate."): patients[c].isna().to_numpy(dtype=np.bool_) for c in names}
    return _rows("covariate", missing, patients, outcome)


def log_rank(group: NDArray[np.bool_], survival: Survival) -> tuple[float, float]:
    """Log-rank test of a group against the other patients, with a one-step hazard ratio.

    Mantel 1966. The hazard ratio is Peto's one-step estimate exp((O - E) / V) (Yusuf et al. 1985, doi
    10.1016/S0033-0620(85)80003-7). It is finite even if one group has no event, and biased towards 1 for large effects.

    Parameters
    ----------
    group
        (n,) whether the patient is in the group.
    survival
        Endpoint of the n patients; patients without it are left out, and delayed entry is taken into account.

    Returns
    -------
    tuple of float
        Hazard ratio of the group to the others, and p value; NaN if the variance is 0.
    """
    rows = np.flatnonzero(survival.observed)
    observed, inside = survival.take(rows), group[rows]
    times, deaths = np.unique(observed.time[observed.event], return_counts=True)
    at_risk, in_group = _at_risk(observed, times, np.ones_like(inside)), _at_risk(observed, times, inside)
    share = in_group / at_risk
    spread = np.divide(at_risk - deaths, at_risk - 1.0, out=np.zeros(len(times)), where=at_risk > 1)
    variance = float((share * (1.0 - share) * spread * deaths).sum())
    return _one_step(float(observed.event[inside].sum() - (deaths * share).sum()), variance)


def one_step_odds_ratio(group: NDArray[np.bool_], response: Response) -> float:
    """Odds ratio of a positive response in a group, by Peto's one-step estimate as in :func:`log_rank`.

    Parameters
    ----------
    group
        (n,) whether the patient is in the group.
    response
        Response of the n patients; patients without it are left out.

    Returns
    -------
    float
        Odds ratio of the group to the others; NaN if the variance is 0.
    """
    rows = response.observed
    # A response is equivalent to survival with a single event time, at which all patients are at risk.
    survival = Survival(
        np.ones(int(rows.sum())), response.positive[rows], np.ones(int(rows.sum()), dtype=bool)
    )
    return log_rank(group[rows], survival)[0]


def _at_risk(survival: Survival, times: Array, members: NDArray[np.bool_]) -> Array:
    """(t,) number of `members` at risk at each time."""
    entry = None if survival.entry is None else survival.entry[members]
    return number_at_risk(survival.time[members], times, entry).astype(np.float64)


def _one_step(difference: float, variance: float) -> tuple[float, float]:
    """Ratio and p value from O - E and its variance."""
    if variance <= 0.0:
        return np.nan, np.nan
    return float(np.exp(difference / variance)), float(chi2.sf(difference**2 / variance, 1))


def _rows(
    kind: str, missing: dict[str, NDArray[np.bool_]], patients: pd.DataFrame, outcome: Survival | Response
) -> pd.DataFrame:
    columns = [kind, "missing", "n", "share", "endpoint_p", "endpoint_effect", "arm_p"]
    n = len(patients)
    rows = []
    for name, without in missing.items():
        effect, p = _outcome(without, outcome)
        count = int(without.sum())
        rows.append((name, count, n, count / n if n else np.nan, p, effect, _arm(without, patients)))
    return pd.DataFrame(rows, columns=columns)


def _outcome(without: NDArray[np.bool_], outcome: Survival | Response) -> tuple[float, float]:
    """Effect and p value of the outcome in patients without the measurement."""
    if _few(without[outcome.observed]) or not outcome.label[outcome.observed].any():
        return np.nan, np.nan
    if isinstance(outcome, Survival):
        return log_rank(without, outcome)
    positive = pd.Series(outcome.positive[outcome.observed])
    if positive.all():
        return np.nan, np.nan
    return one_step_odds_ratio(without, outcome), association(pd.Series(without[outcome.observed]), positive)[
        1
    ]


def _arm(without: NDArray[np.bool_], patients: pd.DataFrame) -> float:
    """P value of the arm in patients without the measurement."""
    if "arm" not in patients:
        return np.nan
    arm = patients["arm"].reset_index(drop=True)
    known = arm.notna().to_numpy()
    if _few(without[known]) or arm.nunique() < 2:  # noqa: PLR2004  # one arm
        return np.nan
    return association(pd.Series(without), arm)[1]


def _few(without: NDArray[np.bool_]) -> bool:
    return min(int(without.sum()), int((~without).sum())) < FEWEST
