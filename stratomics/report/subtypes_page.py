"""The page of a search for groups of patients, and the section that it adds to the report of a run."""

from __future__ import annotations

from pathlib import Path

from omics.common.files import write_text
from omics.common.manifest import update_manifest, update_manifest_folder
from stratomics.report.figures.style import style
from stratomics.report.page import page_environment, write_report
from stratomics.report.sections.subtypes import FOLDER, group_sections
from stratomics.report.text.abbreviations import spell_out
from stratomics.runs.run_directory import RunDirectory
from stratomics.strata.groups.findings import StoredGroups

__all__ = ["add_to_report", "write_groups_page"]


def write_groups_page(folder: Path, stored: StoredGroups) -> Path:
    """Write ``report.html`` into the folder of a search for groups.

    Parameters
    ----------
    folder
        An existing folder.
    stored
        Findings and tables.

    Returns
    -------
    Path
        The page.
    """
    with style():
        content = {"findings": stored.findings, "sections": group_sections(stored)}
        page = page_environment().get_template("subtypes.html.j2").render(content)
    path = folder / "report.html"
    write_text(path, spell_out(page))
    return path


def add_to_report(run: RunDirectory) -> Path:
    """Write the report of a run again, with the groups in its folder ``subtypes``, and update its manifest."""
    page = write_report(run)
    update_manifest_folder(run.path, FOLDER)
    update_manifest(run.path, page.name)
    return page
