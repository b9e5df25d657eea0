"""Check a cohort before a model is fitted: list its errors or, if it can be read, what needs attention."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from omics.checks import CHECKS
from omics.checks.finding import ERROR, WARNING, Finding
from omics.cohort.parse import load_spec
from omics.cohort.read import inspect_cohort
from omics.common.errors import CohortError
from omics.common.registry import resolve
from omics.readers import READERS

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["check_cohort", "cohort_findings", "cohort_notes"]

DECISIONS = (
    "time_zero",
    "half_observed",
    "patients_without_views",
    "to_check",
    "copies",
    "rows_of_one_patient",
)
"""Checks with a finding that is also a decision about patients, which every run reports."""


def check_cohort(source: str | Path) -> list[Finding]:
    """Check a cohort before a model is fitted.

    Parameters
    ----------
    source
        As for :func:`omics.cohort.read.read_cohort`.

    Returns
    -------
    list of Finding
        Every error, if the cohort cannot be read; otherwise descriptions and warnings.

    Examples
    --------
    >>> [f.code for f in check_cohort("bundled:tcga_acc") if f.severity == "warning"]
    ['time_zero']
    """
    cohort, errors = inspect_cohort(source)
    if cohort is None:
        return [_as_finding(error) for error in errors]
    return [*cohort_findings(cohort), *_undeclared_tables(source)]


def cohort_findings(cohort: MuData) -> list[Finding]:
    """Descriptions and warnings of a cohort in memory."""
    return [finding for name in CHECKS for finding in resolve(CHECKS, name, "check")(cohort)]


def cohort_notes(cohort: MuData) -> list[str]:
    """Decisions about patients with incomplete data, one sentence per decision.

    Examples
    --------
    >>> from omics.cohort.read import read_cohort
    >>> cohort_notes(read_cohort("bundled:tcga_acc"))
    ['survival: 1 patient(s) have time 0; they stay, with half a day of follow-up']
    """
    findings = (finding for name in DECISIONS for finding in resolve(CHECKS, name, "check")(cohort))
    return [f"{finding.place}: {finding.sentence}" for finding in findings]


def _undeclared_tables(source: str | Path) -> Iterator[Finding]:
    """Find tables beside ``cohort.yaml`` that it does not declare."""
    path = Path(source)
    path = path / "cohort.yaml" if path.is_dir() else path
    if path.suffix == ".h5mu" or not path.is_file():
        return
    spec = load_spec(path)
    declared = {view.file for view in spec.views.values()} | {spec.samples.file if spec.samples else None}
    endings = tuple(ending for ending in READERS if ending.startswith("."))
    declared |= {spec.exposure.events} if spec.exposure else set()
    declared |= {spec.tumour_size.file} if spec.tumour_size else set()
    for file in sorted(path.parent.iterdir()):
        if file.name.endswith(endings) and file.name not in declared:
            yield Finding(
                "undeclared_table",
                WARNING,
                file.name,
                "this table is in the folder and is not used; declare it as a view, or as events of "
                "exposure where it has doses, or remove it",
            )


def _as_finding(error: CohortError) -> Finding:
    labels = (("", error.file), ("column ", error.column), ("patient ", error.patient))
    place = ", ".join(label + value for label, value in labels if value)
    return Finding(error.code, ERROR, place, error.sentence)
