"""What a careful statistician would look at first: every fault of a cohort, or every finding in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from omics.checks import CHECKS
from omics.checks.finding import ERROR, Finding
from omics.checks.undeclared_tables import undeclared_tables
from omics.cohort.read import inspect_cohort
from omics.common.errors import CohortError
from omics.common.registry import resolve

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["check_cohort", "cohort_notes"]

DECIDED = ("time_zero", "half_endpoints", "bare_patients")
"""Checks whose finding is also a decision, which every run has to say."""


def check_cohort(source: str | Path) -> list[Finding]:
    """Look a cohort over before anything is modelled.

    Parameters
    ----------
    source
        As for :func:`omics.cohort.read.read_cohort`.

    Returns
    -------
    list of Finding
        Every error, if it cannot be read; else what it holds and what wants a look.

    Examples
    --------
    >>> [f.code for f in check_cohort("bundled:tcga_acc") if f.severity == "warning"]
    ['time_zero']
    """
    cohort, errors = inspect_cohort(source)
    if cohort is None:
        return [_as_finding(error) for error in errors]
    findings = [finding for name in CHECKS for finding in resolve(CHECKS, name, "check")(cohort)]
    return [*findings, *undeclared_tables(source)]


def cohort_notes(cohort: MuData) -> list[str]:
    """Say in a sentence each what was decided about patients whose data are incomplete.

    Examples
    --------
    >>> from omics.cohort.read import read_cohort
    >>> cohort_notes(read_cohort("bundled:tcga_acc"))
    ['survival: 1 patient(s) have time 0; they stay, with half a day of follow-up']
    """
    found = (finding for name in DECIDED for finding in resolve(CHECKS, name, "check")(cohort))
    return [f"{finding.place}: {finding.sentence}" for finding in found]


def _as_finding(error: CohortError) -> Finding:
    labels = (("", error.file), ("column ", error.column), ("patient ", error.patient))
    place = ", ".join(label + value for label, value in labels if value)
    return Finding(error.code, ERROR, place, error.sentence)
