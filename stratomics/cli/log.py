"""``stratomics log RUN``: send a finished run to MLflow, which was out of reach when it went on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import jsonargparse

from omics.common.errors import InputError
from stratomics.cli.output import emit
from stratomics.cli.parser import command_parser
from stratomics.cli.run import parsed_words
from stratomics.config import TrackingConfig
from stratomics.runs.run_directory import RunDirectory
from stratomics.tracking.tracker import send

__all__ = ["build_parser", "log"]


def log(arguments: Sequence[str]) -> None:
    """Print where the run is recorded; the last line on stdout is the id of the MLflow run."""
    given = parsed_words(build_parser(), list(arguments), "the command line")
    run = RunDirectory(Path(given.run))
    if not run.finished:
        raise InputError(f"{run.path}: not a finished run directory; `stratomics run` makes one")
    tracking = TrackingConfig(**run.config["tracking"])
    tracking = replace(
        tracking, uri=given.uri or tracking.uri, experiment=given.experiment or tracking.experiment
    )
    recorded = send(run, tracking)
    where = f"MLflow  {tracking.uri}  experiment {tracking.experiment}"
    content = {"mlflow": tracking.uri, "experiment": tracking.experiment, "run": recorded}
    emit(content, lambda: print(where, recorded, sep="\n"))


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command's words."""
    parser = command_parser(
        "log",
        "RUN [--tracking.uri URI] [--tracking.experiment NAME]",
        "Send a finished run to MLflow, where it is not yet.",
        "runs/tcga_acc-0123456789 --tracking.uri http://localhost:5000",
    )
    parser.add_argument("run", type=str, help="a run directory")
    parser.add_argument(
        "--tracking.uri", dest="uri", type=str, help="the store that the run names, if left out"
    )
    parser.add_argument("--tracking.experiment", dest="experiment", type=str, help="likewise")
    return parser
