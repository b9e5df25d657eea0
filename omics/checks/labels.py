"""Groupings of patients by arm, site, event or response, and the association of two groupings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, fisher_exact

from omics.cohort.endpoints import Survival
from omics.cohort.read import cohort_endpoints, cohort_spec

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["arms", "association", "outcomes"]


def arms(cohort: MuData) -> pd.Series[Any] | None:
    """Arm of each patient as text, missing where the patient has none; None for a cohort without arms."""
    spec = cohort_spec(cohort)
    return None if spec.arm is None else as_text(cohort.obs[spec.arm.column])


def outcomes(cohort: MuData) -> Iterator[tuple[str, pd.Series[Any]]]:
    """Yield each endpoint as one label per patient: event or no event, positive or negative, or missing."""
    for name, endpoint in cohort_endpoints(cohort).named.items():
        label = endpoint.event if isinstance(endpoint, Survival) else endpoint.positive
        yes, no = ("event", "no event") if isinstance(endpoint, Survival) else ("positive", "negative")
        values = np.where(label, yes, no)
        yield name, pd.Series(values, cohort.obs_names).where(endpoint.observed)


def as_text(column: pd.Series[Any]) -> pd.Series[Any]:
    """Values as text; missing values stay missing."""
    return column.astype(str).where(column.notna())


def association(one: pd.Series[Any], two: pd.Series[Any]) -> tuple[float, float]:
    """Strength and p-value of the association of two groupings, in patients who have both.

    The p-value is from Fisher's exact test where both have two groups, otherwise from the chi-squared test.

    Parameters
    ----------
    one, two
        (n,) group of each patient, missing where unknown, with the same index.

    Returns
    -------
    tuple of float
        Cramer's V, from 0 to 1, and the p-value; ``(0, 1)`` where a grouping has fewer than two groups.
    """
    table = pd.crosstab(one, two).to_numpy()
    if min(table.shape, default=0) < 2:  # noqa: PLR2004  # an association needs two groups
        return 0.0, 1.0
    chi2 = float(chi2_contingency(table, correction=False).statistic)
    strength = float(np.sqrt(chi2 / (table.sum() * (min(table.shape) - 1))))
    if table.shape == (2, 2):
        return strength, float(fisher_exact(table).pvalue)
    return strength, float(chi2_contingency(table).pvalue)
