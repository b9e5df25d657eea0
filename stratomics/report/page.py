"""The report page: one self-contained HTML file, written from the saved tables of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from omics.common.files import write_text
from omics.common.manifest import update_manifest
from stratomics.enrichment.result import AnyEnrichment
from stratomics.enrichment.store import save_enrichment
from stratomics.report.figures import style, svg
from stratomics.report.section import Panel, Table, cell, coded, csv_link
from stratomics.report.sections import sections_of
from stratomics.report.sections.explorer import script_policy
from stratomics.report.text.abbreviations import spell_out
from stratomics.runs.run_directory import RunDirectory

__all__ = ["save_with_report", "write_report"]


def save_with_report(run: RunDirectory, result: AnyEnrichment) -> AnyEnrichment:
    """Store an enrichment in a run directory, and write its report again.

    Parameters
    ----------
    run
        The run that was enriched.
    result
        What was found.

    Returns
    -------
    EnrichmentResult or PrognosticResult
        `result`, with a warning for each file that was not written because it belongs to an earlier enrichment.
    """
    not_written = save_enrichment(run, result)
    if run.finished and not not_written:
        update_manifest(run.path, write_report(run).name)
    return replace(result, warnings=(*result.warnings, *not_written))


def write_report(run: RunDirectory) -> Path:
    """Write ``report.html`` into a run directory and return its path."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        # Text from files is escaped, identifiers and column names included.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"svg": svg, "cell": cell, "coded": coded, "csv_link": csv_link}
    environment.tests |= {
        "panel": lambda block: isinstance(block, Panel),
        "table": lambda block: isinstance(block, Table),
    }
    with style():
        content = {
            "provenance": run.provenance,
            "sections": list(sections_of(run)),
            "script_policy": script_policy(),
        }
        page = environment.get_template("report.html.j2").render(content)
    path = run.path / "report.html"
    write_text(path, spell_out(page))
    return path
