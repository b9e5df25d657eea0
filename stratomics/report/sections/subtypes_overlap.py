"""Groups of patients in the report: agreement with other ways, sites, labels and templates, and markers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from stratomics.report.section import Block, Table
from stratomics.report.text.numbers import p_cell, p_value
from stratomics.strata.groups.findings import Findings, LabelFindings, TemplateFindings
from stratomics.strata.groups.markers import Marker
from stratomics.strata.groups.overlap import SiteOverlap

__all__ = ["agreement_sentence", "marker_blocks", "overlap_blocks", "site_sentence"]

SHOWN = 3
"""Markers of a group and view in the table."""


MARKERS = (
    "A feature that helped to make the groups differs between them by construction. For each view, groups are "
    "therefore learned again without the view, named by the patients that they share with the groups above, and then "
    "its features are tested (Welch's t test, false discovery rate below 0.05). Views of the same patients share "
    "their biology, and may share batch effects."
)


def agreement_sentence(findings: Findings) -> str:
    """State how other ways of grouping agree."""
    ways = ", ".join(f"{value:.2f} with {name}" for name, value in findings.agreement.items())
    return f"Agreement of the groups with other ways of grouping (adjusted Rand index; 1 is the same groups): {ways}."


def site_sentence(sites: SiteOverlap) -> str:
    """State whether groups and sites overlap."""
    text = (
        f"Overlap of groups and sites: normalized mutual information {sites.mutual_information:.2f}, "
        f"{sites.permuted:.2f} on average when sites are permuted ({p_value(sites.p)})."
    )
    if sites.one_site_each:
        return f"{text} Every group has patients of one site only: groups and sites cannot be separated."
    return f"{text} A batch effect may have made the groups." if sites.p <= 0.05 else text  # noqa: PLR2004  # level


def overlap_blocks(findings: Findings) -> list[Block]:
    """Show the agreement with other ways of grouping, sites, labels of the patients, and templates."""
    blocks: list[Block] = [agreement_sentence(findings)] if findings.agreement else []
    if findings.sites is not None:
        blocks += [
            site_sentence(findings.sites),
            _counts("groups-site", "Patients by group and site", findings.sites.table),
        ]
    if findings.overlaps:
        rows = [(one.name, one.overlap.patients, one.overlap.adjusted_rand) for one in findings.overlaps]
        blocks.append(
            Table(
                "groups-labels",
                "Agreement of the groups with classifications of the samples table: adjusted Rand index, 0 by chance "
                "and 1 for the same classes",
                pd.DataFrame(rows, columns=["label", "patients", "adjusted Rand index"]),
            )
        )
    if findings.labels is not None:
        blocks += _labels(findings, findings.labels)
    if findings.templates is not None:
        blocks += _templates(findings.templates)
    return blocks


def _labels(findings: Findings, labels: LabelFindings) -> list[Block]:
    accuracy = labels.accuracy
    learned = (
        f"Published labels '{labels.column}', learned from the factors of {accuracy.patients} patients: balanced "
        f"accuracy {accuracy.balanced_accuracy:.2f} and log loss {accuracy.log_loss:.2f} out of fold, for "
        f"{len(labels.classes)} classes. The factors saw all patients, but no label."
    )
    blocks: list[Block] = [learned, *(f"Note: {warning}." for warning in labels.warnings)]
    own = next((one for one in findings.overlaps if one.name == labels.column), None)
    if own is not None:
        blocks.append(_counts("groups-given", f"Patients by group and '{labels.column}'", own.overlap.table))
    return blocks


def _templates(templates: TemplateFindings) -> list[Block]:
    measured = f"{templates.matched} of {templates.features} template features"
    blocks: list[Block] = [
        f"Nearest templates in view '{templates.view}', which has {measured}.",
        Table(
            "groups-templates",
            "Patients by nearest template, and those with a false discovery rate below 0.05",
            templates.counts.rename(columns={"sure": "false discovery rate below 0.05"}),
        ),
    ]
    if templates.overlap is not None:
        blocks.append(
            _counts(
                "groups-nearest",
                "Patients by group and nearest template (adjusted Rand index "
                f"{templates.overlap.adjusted_rand:.2f})",
                templates.overlap.table,
            )
        )
    return blocks


def _counts(name: str, caption: str, table: pd.DataFrame) -> Table:
    return Table(name, caption, table.rename_axis("group").reset_index())


def marker_blocks(findings: Findings) -> list[Block]:
    """List the features of each view that differ between groups which were learned without this view."""
    blocks: list[Block] = [MARKERS]
    if findings.markers:
        blocks.append(_markers(findings.markers))
    elif findings.sizes:
        blocks.append("No feature differs.")
    return [*blocks, *(f"Note: {note}." for note in findings.notes)]


def _markers(markers: Sequence[Marker]) -> Table:
    listed: dict[tuple[str, str], int] = {}
    rows = []
    for one in markers:
        place = listed[one.group, one.view] = listed.get((one.group, one.view), 0) + 1
        if place <= SHOWN:
            rows.append(
                (one.group, one.view, one.found, one.feature, f"{one.difference:+.2f}", p_cell(one.q))
            )
    columns = ["group", "view that is left out", "markers", "feature", "difference", "q"]
    return Table(
        "groups-markers",
        "Features of largest evidence for each group and view: difference to the other patients in standard "
        "deviations, and false discovery rate q; markers: number of features with q below 0.05",
        pd.DataFrame(rows, columns=columns),
    )
