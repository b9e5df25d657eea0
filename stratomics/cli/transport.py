"""``stratomics transport RUN OTHER``: whether a finished run holds in another cohort, and in whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import jsonargparse

from stratomics.cli.run import parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser

if TYPE_CHECKING:
    from stratomics.transportability.result import Transport

__all__ = ["build_parser", "transport"]


def transport(arguments: Sequence[str]) -> None:
    """Print how the run does in the other cohort; write it into the run, and its report again."""
    given = parse_arguments(build_parser(), list(arguments), "the command line")
    from omics.common.json_objects import to_json
    from stratomics.api.transport import transport as evaluate
    from stratomics.runs.run_directory import RunDirectory
    from stratomics.tracking.update_record import update_record

    result = evaluate(
        given.run,
        given.other,
        groups=None if given.groups is None else [name.strip() for name in given.groups.split(",")],
        recalibrate=given.recalibrate,
        learning_curve=given.learning_curve,
        save=True,
    )
    run = RunDirectory(Path(given.run))
    update_record(run)
    page = run.path / "report.html"
    emit(to_json(result) | {"report": str(page)}, lambda: _show(result, page))


def _show(result: Transport, page: Path) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from stratomics.report.text.transport import measure_columns, measure_rows, transport_sentences

    console = Console(width=None if Console().is_terminal else 120)
    table = Table("measure", title=f"{escape(result.cohort)}: 95% intervals", title_justify="left")
    for name in measure_columns(result):
        table.add_column(escape(name), justify="right")
    for row in measure_rows(result):
        table.add_row(*map(escape, row))
    console.print(table)
    for sentence in transport_sentences(result):
        console.print(f"- {sentence}", highlight=False, markup=False)
    print(page)


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command."""
    parser = command_parser(
        "transport",
        "RUN OTHER [--groups sex,age,site] [--recalibrate] [--learning-curve]",
        "Evaluate the final model of a run in another cohort: discrimination, calibration, coverage, abstention, case "
        "mix, covariate shift, groups and sites; write it into the run and its report.",
        "runs/nat_breast-0123456789 other_hospital",
    )
    add = parser.add_argument
    add("run", type=str, help="run directory")
    add("other", type=str, help="another cohort with the same endpoint: folder, yaml or .h5mu file")
    add(
        "--groups",
        type=str | None,
        default=None,
        help="groups of patients, separated by commas: sex, age, site, arm, or covariates",
    )
    add("--recalibrate", action="store_true", help="estimate intercept and slope in the other cohort")
    add(
        "--learning-curve",
        action="store_true",
        help="measure the loss of the run against the number of its training patients",
    )
    return parser
