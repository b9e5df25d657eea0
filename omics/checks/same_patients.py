"""Copies of patients under other ids, and several rows of one patient: a split must not part them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from omics.checks.finding import ERROR, WARNING, Finding
from omics.cohort.copies import COPY, cohort_copies, normal_tissue
from omics.cohort.read import cohort_spec

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["copies", "rows_of_one_patient"]

SHOWN = 3
"""Number of groups that a finding lists."""


def copies(cohort: MuData) -> Iterator[Finding]:
    """Find profiles of two ids that are the same, or far more similar than those of any other two patients.

    Copies with the same outcome are an error unless the cohort declares a group.
    """
    groups = [group for group in cohort_copies(cohort) if group.why.startswith(COPY)]
    if groups:
        places = sorted({group.why.removeprefix(COPY).strip() for group in groups})
        yield Finding(
            "copies",
            ERROR
            if any(group.outcome for group in groups) and cohort_spec(cohort).group is None
            else WARNING,
            ", ".join(places),
            f"{sum(len(group.ids) for group in groups)} patients seem to be copies under other ids: "
            f"{_shown([group.ids for group in groups])}; a run never parts them; remove the copies, or declare a group",
        )


def rows_of_one_patient(cohort: MuData) -> Iterator[Finding]:
    """Count patients with several rows, by a column of the samples table or by their barcodes."""
    groups = [group for group in cohort_copies(cohort) if not group.why.startswith(COPY)]
    if not groups:
        return
    columns = sorted({group.why for group in groups})
    normal = normal_tissue(cohort.obs_names)
    sentence = (
        f"{len(groups)} patient(s) stand in several rows: {_shown([group.ids for group in groups])}; a run never parts "
        "them, and each row counts as a patient"
    )
    declared = cohort_spec(cohort).group
    if declared is None:
        sentence += f"; keep one row per patient, or declare group: {columns[0]}"
    if normal.any():
        sentence += f"; {normal.sum()} row(s) are normal tissue by their barcode"
    yield Finding("rows_of_one_patient", WARNING, ", ".join(columns), sentence)


def _shown(groups: Sequence[Sequence[str]]) -> str:
    text = "; ".join(" and ".join(ids[:SHOWN]) for ids in groups[:SHOWN])
    return text + ("; ..." if len(groups) > SHOWN else "")
