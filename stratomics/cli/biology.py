"""``stratomics biology RUN``: gene-set analysis of the factors of a finished run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import jsonargparse

from stratomics.cli.run import parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser

if TYPE_CHECKING:
    from stratomics.strata.biology.result import SetAnalysis

__all__ = ["biology", "build_parser"]

SHOWN = 20
"""Tests that are printed."""


def biology(arguments: Sequence[str]) -> None:
    """Print the sets that are found; store all tests in the run, and write its report again."""
    given = parse_arguments(build_parser(), list(arguments), "the command line")
    from omics.common.manifest import update_manifest
    from stratomics.report.page import write_report
    from stratomics.runs.run_directory import RunDirectory
    from stratomics.strata.biology.from_run import analyse_run
    from stratomics.strata.biology.store import BIOLOGY, save_biology
    from stratomics.tracking.update_record import update_record

    run = RunDirectory(Path(given.run))
    result = analyse_run(run, None if given.sets is None else Path(given.sets), given.groups)
    save_biology(run, result)
    page = write_report(run)
    update_manifest(run.path, page.name)
    update_record(run)
    content = {
        "tests": len(result.tests),
        "found": result.found.to_dict("records"),
        "notes": list(result.notes),
        "panel": list(result.panel),
        "tables": str(run.path / BIOLOGY),
        "report": str(page),
    }
    emit(content, lambda: _show(result, page))


def _show(result: SetAnalysis, page: Path) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from stratomics.report.text.numbers import p_cell

    console = Console(width=None if Console().is_terminal else 120)
    print(*result.notes, sep="\n")
    found = result.found
    if len(found):
        table = Table("factor or group", "set", "view", "direction", "features", "q", "strongest features")
        for row in found.head(SHOWN).to_dict("records"):
            texts = [row[name] for name in ("contrast", "title", "view", "direction", "n")]
            cells = [*map(str, texts), p_cell(row["q"]), str(row["leading"])]
            table.add_row(*map(Text, cells))
        console.print(table)
    print(*result.panel, sep="\n", end="\n" if result.panel else "")
    print(f"{len(found)} of {len(result.tests)} tests have a false discovery rate q below 0.05.")
    print(page)


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command."""
    parser = command_parser(
        "biology",
        "RUN [--sets GMT] [--groups COLUMN]",
        "Find the sets of genes, proteins, metabolites or taxa that rise or fall with the factors of a run or the "
        "score of its locked panel, or differ between groups of patients; write them into the run and its report.",
        "runs/tcga_acc-0123456789",
    )
    add = parser.add_argument
    add("run", type=str, help="run directory")
    add("--sets", type=str, default=None, help="gmt file of sets, in place of those that are shipped")
    add(
        "--groups",
        type=str,
        default=None,
        help="column of the samples table; each of its groups is also tested against the rest",
    )
    return parser
