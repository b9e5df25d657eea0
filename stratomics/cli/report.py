"""``stratomics report RUN``: write the report of a finished run anew, from its saved tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jsonargparse

from omics.errors import InputError
from omics.manifest import declare_anew
from stratomics.cli.run import parsed_words
from stratomics.cli.voice import tell
from stratomics.cli.words import command_parser
from stratomics.report.page import write_report
from stratomics.run_directory import RunDirectory

__all__ = ["build_parser", "report"]


def report(arguments: Sequence[str]) -> None:
    """Print the path of the report."""
    run = RunDirectory(Path(parsed_words(build_parser(), list(arguments), "the command line").run))
    if not run.finished:
        raise InputError(f"{run.path}: not a finished run directory; `stratomics run` makes one")
    page = write_report(run)
    declare_anew(run.path, page.name)
    tell({"report": str(page)}, lambda: print(page))


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command's words."""
    parser = command_parser(
        "report",
        "RUN",
        "Writes the report of a finished run anew, from its saved tables.",
        "runs/tcga_acc-0123456789",
    )
    parser.add_argument("run", type=str, help="a run directory")
    return parser
