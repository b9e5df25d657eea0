"""``stratomics report RUN``: write the report of a finished run anew, from its saved tables."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import jsonargparse

from omics.errors import InputError
from omics.manifest import declare_anew
from stratomics.cli.run import add_run, parsed_words
from stratomics.cli.voice import tell
from stratomics.cli.words import command_parser
from stratomics.find_run import found_run, is_mlflow_run
from stratomics.report.page import write_report
from stratomics.run_directory import RunDirectory

__all__ = ["build_parser", "report"]


def report(arguments: Sequence[str]) -> None:
    """Print the path of the report; that of an MLflow run is written here, as ``NAME.html``."""
    given = parsed_words(build_parser(), list(arguments), "the command line")
    with found_run(given.run, given.uri) as place:
        run = RunDirectory(place)
        if not run.finished:
            raise InputError(f"{given.run}: not a finished run directory; `stratomics run` makes one")
        page = write_report(run)
        if is_mlflow_run(given.run):
            page = Path(shutil.copy(page, f"{place.name}.html"))
        else:
            declare_anew(place, page.name)
    tell({"report": str(page)}, lambda: print(page))


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command's words."""
    parser = command_parser(
        "report",
        "RUN [--tracking.uri URI]",
        "Writes the report of a finished run anew, from its saved tables.",
        "runs/tcga_acc-0123456789",
    )
    add_run(parser)
    return parser
