"""Findings in a cohort as a data frame."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from omics.checks.check_cohort import check_cohort, cohort_findings
from omics.checks.finding import Finding

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["check"]


def check(cohort: MuData | str | Path) -> pd.DataFrame:
    """List errors and warnings of a cohort, and describe it.

    Parameters
    ----------
    cohort
        A cohort in memory, or the folder or file of one.

    Returns
    -------
    pandas.DataFrame
        One row per finding: code, severity, place, sentence.

    Examples
    --------
    >>> list(check("bundled:tcga_acc").columns)
    ['code', 'severity', 'place', 'sentence']
    """
    found = check_cohort(cohort) if isinstance(cohort, str | Path) else cohort_findings(cohort)
    return pd.DataFrame([asdict(finding) for finding in found], columns=list(Finding.__dataclass_fields__))
