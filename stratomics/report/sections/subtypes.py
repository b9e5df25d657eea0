"""Groups of patients in the report: the section of a run, and the sections of a page of their own."""

from __future__ import annotations

from stratomics.report.section import Block, Details, Section
from stratomics.report.sections.subtypes_existence import existence_blocks, existence_sentence
from stratomics.report.sections.subtypes_outcomes import outcome_blocks, outcome_sentences
from stratomics.report.sections.subtypes_overlap import (
    agreement_sentence,
    marker_blocks,
    overlap_blocks,
    site_sentence,
)
from stratomics.report.sections.subtypes_patients import patients_blocks
from stratomics.runs.run_directory import RunDirectory
from stratomics.strata.groups.findings import Findings, StoredGroups, load_groups

__all__ = ["FOLDER", "group_sections", "group_sentences", "subtypes"]

FOLDER = "subtypes"
"""Folder of a run in which `stratomics subtypes RUN` stores the groups."""

LIMITATIONS = [
    "Groups are cut from continuous factors. Near a border the group of a patient is uncertain: see its probability.",
    "The test of existence says that groups are found again in this cohort, and not that another cohort has them.",
    "Groups and their number were learned without outcomes, so that p values are valid, one by one.",
    "A new patient of a kind that no training patient is of is mostly not noticed.",
]


def subtypes(run: RunDirectory) -> Section | None:
    """Describe the groups that ``stratomics subtypes`` found in a run; None without them."""
    stored = load_groups(run.path / FOLDER)
    if stored is None:
        return None
    panels = patients_blocks(stored)
    details: list[Block] = [*panels[1:], *overlap_blocks(stored.findings)]
    if stored.findings.sizes:
        details += marker_blocks(stored.findings)
    blocks: list[Block] = [
        existence_sentence(stored.findings),
        *existence_blocks(stored.findings),
        *panels[:1],
        *outcome_blocks(stored),
        Details("Show features, agreement with labels, and markers", details),
    ]
    return Section("subtypes", "Groups of patients", blocks)


def group_sections(stored: StoredGroups) -> list[Section]:
    """Arrange the page of a search for groups.

    Parameters
    ----------
    stored
        Findings and tables.

    Returns
    -------
    list of Section
        In reading order.
    """
    findings = stored.findings
    sections = [
        Section("answer", "Summary", [group_sentences(stored)]),
        Section("existence", "Are there groups", existence_blocks(findings)),
        Section("patients", "Patients", patients_blocks(stored)),
        Section("outcomes", "Outcomes", outcome_blocks(stored)),
        Section("overlap", "Agreement with what is known", overlap_blocks(findings)),
        Section("markers", "Markers", marker_blocks(findings) if findings.sizes else []),
        Section("methods", "Methods and limitations", [_methods(findings), LIMITATIONS]),
    ]
    return [section for section in sections if section.blocks]


def group_sentences(stored: StoredGroups) -> list[str]:
    """Summarize the findings in a few sentences.

    Parameters
    ----------
    stored
        Findings and tables.

    Returns
    -------
    list of str
        For the first screen of the page, and for the command line.
    """
    findings = stored.findings
    sentences = [existence_sentence(findings)]
    if findings.sizes:
        sizes = ", ".join(f"{name} {size}" for name, size in findings.sizes.items())
        sentences += [f"Patients per group: {sizes}.", agreement_sentence(findings)]
        sentences += [sentence for one in findings.outcomes for sentence in outcome_sentences(one)]
    if findings.sites is not None:
        sentences.append(site_sentence(findings.sites))
    if findings.labels is not None:
        one = findings.labels
        sentences.append(
            f"Published labels '{one.column}' are learned with a balanced accuracy of "
            f"{one.accuracy.balanced_accuracy:.2f} out of fold."
        )
        sentences += [f"Note: {warning}." for warning in one.warnings]
    return sentences


def _methods(findings: Findings) -> str:
    return (
        f"{findings.known} of {findings.patients} patients have a view. They are placed by {findings.factors} factors "
        f"of the model {findings.model}, learned without outcomes, each times the root of the variance that it "
        "explains. Groups are a mixture with one shrunken covariance, in which a patient who lacks views counts less. "
        f"Seed {findings.seed}."
    )
