"""Whether who lacks a measurement has another outcome, or another arm, than who has it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from omics.checks.labels import association
from omics.cohort.endpoints import Response, Survival

__all__ = ["FEWEST", "log_rank", "missing_covariates", "missingness", "one_step_odds"]

Array = NDArray[np.float64]

FEWEST = 5
"""Patients who lack it, and who have it, below which nothing is asked: p values of so few are of nobody."""


def missingness(patients: pd.DataFrame, outcome: Survival | Response) -> pd.DataFrame:
    """Count who lacks each view, and ask whether they differ from the others in outcome or arm.

    Parameters
    ----------
    patients
        Rows of ``patients.parquet``, with columns ``view.NAME`` (bool), and ``arm`` where there is one.
    outcome
        The deciding endpoint of these patients.

    Returns
    -------
    pandas.DataFrame
        A row a view: ``view``, ``missing`` (patients), ``n``, ``share``, ``endpoint_p`` (log-rank test of survival,
        Fisher's exact test of a response), ``endpoint_effect`` (one-step hazard or odds ratio of who lacks it to who
        has it: above 1 the event comes earlier, or the response is more often positive), ``arm_p`` (Fisher's exact
        test, or chi-squared of more than two arms). NaN where fewer than `FEWEST` lack it or have it, nobody has the
        event, or there is one arm. P values are of single questions, which
        :func:`stratomics.evaluation.multiplicity.holm` adjusts.

    Examples
    --------
    >>> patients = pd.DataFrame({"view.rna": [False] * 5 + [True] * 5})
    >>> response = Response(np.arange(10) < 5, np.ones(10, dtype=bool))
    >>> missingness(patients, response)[["view", "missing", "share", "endpoint_p"]].round(4)
      view  missing  share  endpoint_p
    0  rna        5    0.5      0.0079
    """
    views = [c for c in patients.columns if c.startswith("view.")]
    lacking = {c.removeprefix("view."): ~patients[c].to_numpy(dtype=np.bool_) for c in views}
    return _rows("view", lacking, patients, outcome)


def missing_covariates(patients: pd.DataFrame, outcome: Survival | Response) -> pd.DataFrame:
    """Ask the same of each covariate: columns as those of :func:`missingness`, the first being ``covariate``."""
    names = [c for c in patients.columns if c.startswith("covariate.")]
    lacking = {c.removeprefix("covariate."): patients[c].isna().to_numpy(dtype=np.bool_) for c in names}
    return _rows("covariate", lacking, patients, outcome)


def log_rank(group: NDArray[np.bool_], survival: Survival) -> tuple[float, float]:
    """Hazard ratio of a group to the others, and the p value of the log-rank test; NaN where nothing can be compared.

    Mantel 1966; the ratio is Peto's one-step estimate exp((O - E) / V) (Yusuf et al. 1985, doi
    10.1016/S0033-0620(85)80003-7), finite also where one side has no event, and too near to 1 where it is far from 1.

    Parameters
    ----------
    group
        (n,) whether in the group.
    survival
        Of the n patients; who is not observed is left out, and who came late counts from then on.
    """
    rows = np.flatnonzero(survival.observed)
    seen, inside = survival.take(rows), group[rows]
    times, deaths = np.unique(seen.time[seen.event], return_counts=True)
    at_risk, own = _at_risk(seen, times, np.ones_like(inside)), _at_risk(seen, times, inside)
    share = own / at_risk
    spread = np.divide(at_risk - deaths, at_risk - 1.0, out=np.zeros(len(times)), where=at_risk > 1)
    variance = float((share * (1.0 - share) * spread * deaths).sum())
    return _one_step(float(seen.event[inside].sum() - (deaths * share).sum()), variance)


def one_step_odds(group: NDArray[np.bool_], response: Response) -> float:
    """Odds ratio of a positive response, of a group to the others, Peto's one-step estimate as in :func:`log_rank`."""
    rows = response.observed
    # A response is a survival with one time: everybody is at risk once.
    at_once = Survival(
        np.ones(int(rows.sum())), response.positive[rows], np.ones(int(rows.sum()), dtype=bool)
    )
    return log_rank(group[rows], at_once)[0]


def _at_risk(seen: Survival, times: Array, some: NDArray[np.bool_]) -> Array:
    """(t,) how many of `some` are watched at each time."""
    entry = np.zeros(len(some)) if seen.entry is None else seen.entry
    come, gone = (np.sort(at[some]) for at in (entry, seen.time))
    left: Array = (np.searchsorted(come, times) - np.searchsorted(gone, times)).astype(np.float64)
    return left


def _one_step(beyond: float, variance: float) -> tuple[float, float]:
    if variance <= 0.0:
        return np.nan, np.nan
    return float(np.exp(beyond / variance)), float(chi2.sf(beyond**2 / variance, 1))


def _rows(
    what: str, lacking: dict[str, NDArray[np.bool_]], patients: pd.DataFrame, outcome: Survival | Response
) -> pd.DataFrame:
    columns = [what, "missing", "n", "share", "endpoint_p", "endpoint_effect", "arm_p"]
    n = len(patients)
    rows = []
    for name, gone in lacking.items():
        effect, p = _outcome(gone, outcome)
        missing = int(gone.sum())
        rows.append((name, missing, n, missing / n if n else np.nan, p, effect, _arm(gone, patients)))
    return pd.DataFrame(rows, columns=columns)


def _outcome(gone: NDArray[np.bool_], outcome: Survival | Response) -> tuple[float, float]:
    """Effect and p value."""
    if _few(gone[outcome.observed]) or not outcome.label[outcome.observed].any():
        return np.nan, np.nan
    if isinstance(outcome, Survival):
        return log_rank(gone, outcome)
    positive = pd.Series(outcome.positive[outcome.observed])
    if positive.all():
        return np.nan, np.nan
    return one_step_odds(gone, outcome), association(pd.Series(gone[outcome.observed]), positive)[1]


def _arm(gone: NDArray[np.bool_], patients: pd.DataFrame) -> float:
    if "arm" not in patients:
        return np.nan
    arm = patients["arm"].reset_index(drop=True)
    known = arm.notna().to_numpy()
    if _few(gone[known]) or arm.nunique() < 2:  # noqa: PLR2004  # one arm
        return np.nan
    return association(pd.Series(gone), arm)[1]


def _few(gone: NDArray[np.bool_]) -> bool:
    return min(int(gone.sum()), int((~gone).sum())) < FEWEST
