"""The report page: one self-contained HTML file, written from the saved tables of a run."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from omics.common.files import write_text
from omics.common.manifest import update_manifest
from stratomics.enrichment.result import AnyEnrichment
from stratomics.enrichment.store import save_enrichment
from stratomics.report.figures.style import style, svg
from stratomics.report.folding import folded, shown_once
from stratomics.report.section import Details, Panel, Table, cell, coded, column_classes, csv_link
from stratomics.report.sections import sections_of
from stratomics.report.sections.explorer import script_policy
from stratomics.report.text.abbreviations import spell_out
from stratomics.report.text.numbers import sentence, true_minus
from stratomics.runs.run_directory import RunDirectory

__all__ = ["page_environment", "save_with_report", "write_report"]


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
    environment = page_environment()
    with style():
        first, *others = sections_of(run)
        # Without a summary, which could not be computed, every picture is shown where it belongs.
        once = [
            shown_once(section, first.content["picture"]) if first.content else section for section in others
        ]
        trial = run.provenance.get("arm") is not None
        content = {
            "provenance": run.provenance,
            "sections": [
                first,
                *(folded(section, trial=trial) for section in once if section is not None),
            ],
            "script_policy": script_policy(),
        }
        page = environment.get_template("report.html.j2").render(content)
    path = run.path / "report.html"
    write_text(path, true_minus(spell_out(page)))
    return path


def page_environment() -> Environment:
    """Templates, with the filters that show blocks of a section; figures and tables are numbered from 1."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        # Text from files is escaped, identifiers and column names included.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "svg": svg,
        "cell": cell,
        "coded": coded,
        "csv_link": csv_link,
        "column_classes": column_classes,
        "sentence": sentence,
    }
    # Figures and tables are numbered in the order of the page.
    environment.globals |= {"figure_number": count(1).__next__, "table_number": count(1).__next__}
    environment.tests |= {
        "panel": lambda block: isinstance(block, Panel),
        "table": lambda block: isinstance(block, Table),
        "fold": lambda block: isinstance(block, Details),
    }
    return environment
