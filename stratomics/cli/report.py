"""``stratomics report RUN``: write the report of a finished run again, from its saved tables."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import jsonargparse

from omics.common.errors import InputError
from omics.common.manifest import update_manifest
from stratomics.cli.run import add_run, parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser
from stratomics.report.page import write_report
from stratomics.runs.run_directory import RunDirectory
from stratomics.tracking.find_run import is_mlflow_run, open_run
from stratomics.tracking.update_record import update_record

__all__ = ["build_parser", "report"]


def report(arguments: Sequence[str]) -> None:
    """Write the report and print its path; the report of an MLflow run is written here, as ``NAME.html``."""
    given = parse_arguments(build_parser(), list(arguments), "the command line")
    with open_run(given.run, given.uri) as place:
        run = RunDirectory(place)
        if not run.finished:
            raise InputError(f"{given.run}: not a finished run directory; create one with `stratomics run`")
        page = write_report(run)
        if is_mlflow_run(given.run):
            page = Path(shutil.copy(page, f"{place.name}.html"))
        else:
            update_manifest(place, page.name)
            update_record(run)
    emit({"report": str(page)}, lambda: print(page))


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command."""
    parser = command_parser(
        "report",
        "RUN [--tracking.uri URI]",
        "Write the report of a finished run again, from its saved tables.",
        "runs/tcga_acc-0123456789",
    )
    add_run(parser)
    return parser
