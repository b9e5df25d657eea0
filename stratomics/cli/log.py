"""``stratomics log RUN``: send a finished run to MLflow, if MLflow was unavailable during the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import jsonargparse

from omics.common.errors import InputError
from stratomics.cli.run import parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser
from stratomics.config import TrackingConfig
from stratomics.runs.run_directory import RunDirectory
from stratomics.tracking.tracker import send_run

__all__ = ["build_parser", "log"]


def log(arguments: Sequence[str]) -> None:
    """Send the run and print its place in MLflow; the last line on stdout is the id of the MLflow run."""
    given = parse_arguments(build_parser(), list(arguments), "the command line")
    run = RunDirectory(Path(given.run))
    if not run.finished:
        raise InputError(f"{run.path}: not a finished run directory; create one with `stratomics run`")
    tracking = TrackingConfig(**run.config["tracking"])
    tracking = replace(
        tracking, uri=given.uri or tracking.uri, experiment=given.experiment or tracking.experiment
    )
    recorded = send_run(run, tracking)
    where = f"MLflow  {tracking.uri}  experiment {tracking.experiment}"
    content = {"mlflow": tracking.uri, "experiment": tracking.experiment, "run": recorded}
    emit(content, lambda: print(where, recorded, sep="\n"))


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command."""
    parser = command_parser(
        "log",
        "RUN [--tracking.uri URI] [--tracking.experiment NAME]",
        "Send a finished run to MLflow, if it is not there yet.",
        "runs/tcga_acc-0123456789 --tracking.uri http://localhost:5000",
    )
    parser.add_argument("run", type=str, help="run directory")
    parser.add_argument(
        "--tracking.uri", dest="uri", type=str, help="MLflow tracking store; default: that of the run"
    )
    parser.add_argument(
        "--tracking.experiment",
        dest="experiment",
        type=str,
        help="MLflow experiment; default: that of the run",
    )
    return parser
