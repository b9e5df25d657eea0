"""Lower bounds on time: how often they are reached and how long they are, overall and for whom."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.metrics.response_set_coverage import exact_interval
from stratomics.evaluation.metrics.survival_calibration import kept_and_lost

__all__ = ["bound_table"]


def bound_table(cases: SurvivalCases, by: Mapping[str, NDArray[np.str_]]) -> pd.DataFrame:
    """Coverage and median length of the bounds, overall and by what is known of the patients.

    As :func:`stratomics.evaluation.metrics.survival_calibration.bound_coverage` counts, so that the row of all is that metric: who is
    followed to his bound or to an event before it stands for those who were not, by censoring of all patients.

    Parameters
    ----------
    cases
        n patients with bounds.
    by
        Name -> label of each patient (n,), as :func:`stratomics.evaluation.metrics.response_set_coverage.known_groups` gives them.

    Returns
    -------
    pandas.DataFrame
        ``by``, ``level``, ``n``, ``counted`` (patients whose bound is known to be reached or not, repeats averaged),
        ``coverage``, ``low``, ``high`` (exact 95% interval of a share among as many equally weighted patients as they
        are worth: Kish 1965), ``bound`` (median, in units of time); no figures where nobody counts, no rows where no
        bounds were predicted.
    """
    columns = ["by", "level", "n", "counted", "coverage", "low", "high", "bound"]
    if cases.bound is None:
        return pd.DataFrame(columns=columns)
    once = np.ones((1, len(cases)))
    both = [kept_and_lost(cases, once, bound) for bound in cases.bound]
    # (repeats, n) each.
    kept, lost = (np.concatenate(parts) for parts in zip(*both, strict=True))
    rows = []
    for name, labels in {"all": np.full(len(cases), "all"), **by}.items():
        for level in np.unique(labels):
            members = labels == level
            figures = _figures(kept[:, members], lost[:, members])
            bound = float(np.median(cases.bound[:, members]))
            rows.append((name, str(level), int(members.sum()), *figures, bound))
    return pd.DataFrame(rows, columns=columns)


def _figures(kept: NDArray[np.float64], lost: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Patients that count, their coverage and its interval, of weights (repeats, n)."""
    weight = kept + lost
    counted = float((weight > 0).sum(axis=1).mean())
    total = weight.sum(axis=1)
    if not (total > 0).all():
        return counted, np.nan, np.nan, np.nan
    coverage = float((kept.sum(axis=1) / total).mean())
    worth = float((total**2 / (weight**2).sum(axis=1)).mean())
    return counted, coverage, *exact_interval(coverage * worth, worth)
