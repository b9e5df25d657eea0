"""Findings in a cohort as a data frame."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from datamodules.exposure.exposure_findings import exposure_findings
from omics.checks.check_cohort import check_cohort, cohort_findings
from omics.checks.finding import ERROR, Finding
from omics.cohort.read import read_cohort
from omics.events.stored_events import EXPOSURE

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["check", "findings_of"]


def findings_of(cohort: MuData | str | Path) -> list[Finding]:
    """List the findings of a cohort, and what its kinetic model says about its doses and levels.

    Parameters
    ----------
    cohort
        A cohort in memory, or the folder or file of one.

    Returns
    -------
    list of Finding
        As from :func:`omics.checks.check_cohort.check_cohort`.
    """
    if not isinstance(cohort, str | Path):
        return [*cohort_findings(cohort), *exposure_findings(cohort)]
    found = check_cohort(cohort)
    if any(finding.place == EXPOSURE for finding in found) and all(f.severity != ERROR for f in found):
        found += exposure_findings(read_cohort(cohort))
    return found


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
    return pd.DataFrame(
        [asdict(finding) for finding in findings_of(cohort)], columns=list(Finding.__dataclass_fields__)
    )
