"""``stratomics twin RUN COHORT --regimen A.yaml B.yaml``: predict patients under several regimens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import jsonargparse
import pandas as pd

from omics.common.errors import ConfigError, nearest
from omics.common.table_writer import TABLE_WRITERS
from stratomics.cli.pharmacology.figure_file import check_figure, write_figure
from stratomics.cli.run import add_run, parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser

if TYPE_CHECKING:
    from stratomics.pharmacology.twins.result import Twins

__all__ = ["build_parser", "twin"]


def twin(arguments: Sequence[str]) -> None:
    """Print the predictions of patients under each regimen, and write tables and a figure."""
    given = parse_arguments(build_parser(), list(arguments), "the command line")
    out = None if given.out is None else _table(given.out)
    figure = None if given.figure is None else _figure_path(given.figure, given.patient)
    if given.trial is not None and len(given.regimen) == 1:
        raise ConfigError("--trial needs two regimens, one for each arm; give both after --regimen")
    from stratomics.api.tools.twin import twin as twins_of
    from stratomics.cli.predict import warn_of_training_patients
    from stratomics.cli.screen.twin_output import print_trials, print_twins
    from stratomics.tracking.find_run import open_run

    with open_run(given.run, given.uri) as run:
        found = twins_of(run, given.cohort, given.regimen, patients=given.patient)
        warn_of_training_patients(run, pd.Index(found.patients))
    trials = None if given.trial is None else _trials(found, given.trial)
    written = [] if out is None else found.write(out)
    if figure is not None:
        _draw(found, figure)
        written.append(figure)

    def show() -> None:
        if trials is not None:
            print_trials(trials)
        print_twins(found, written)

    emit(_content(found, written, trials), show)


def _trials(found: Twins, sizes: Sequence[float]) -> pd.DataFrame:
    from stratomics.api.tools.twin_trial import twin_trial

    patients, events, accrual = sizes
    return twin_trial(found, patients=int(patients), events=int(events), accrual=accrual).table


def _draw(found: Twins, path: Path) -> None:
    from stratomics.report.figures.twins import twin_figure

    write_figure(twin_figure(found.exposure, found.curves, found.predictions, found.unit, found.note), path)


def _content(found: Twins, written: Sequence[Path], trials: pd.DataFrame | None) -> dict[str, object]:
    names = ("exposure", "predictions", "differences", "mean_differences", "effects")
    tables = {name: getattr(found, name) for name in names}
    rows = {
        name: table.astype(object).where(table.notna(), None).to_dict("records")
        for name, table in tables.items()
    }
    return {
        "regimens": list(found.regimens),
        "unit": found.unit,
        **rows,
        **({} if trials is None else {"trials": trials.to_dict("records")}),
        "written": [str(path) for path in written],
        "note": found.note,
    }


def _table(word: str) -> Path:
    out = Path(word)
    if out.suffix not in TABLE_WRITERS:
        raise ConfigError(f"--out {out}: unknown ending '{out.suffix}'; {nearest(out.suffix, TABLE_WRITERS)}")
    return out


def _figure_path(word: str, patients: Sequence[str] | None) -> Path:
    path = check_figure(word)
    if patients is None or len(set(patients)) != 1:
        raise ConfigError("--figure shows one patient; name them with --patient ID")
    return path


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command."""
    parser = command_parser(
        "twin",
        "RUN COHORT --regimen A.yaml [B.yaml ...] [--patient ID ...] [--out TABLE] [--figure FILE] "
        "[--trial PATIENTS EVENTS ACCRUAL] [--tracking.uri URI]",
        "Predict patients under several regimens: their exposure by their own doses and levels, and survival or "
        "response by a run of a cohort with exposure, with 90% intervals. Model-based; causal only where the dose was "
        "randomised. For research; not for dosing of patients.",
        "runs/trial-0123456789 new_patients --regimen low.yaml high.yaml --patient P001",
    )
    add_run(parser, "run directory, folder of a model, or id of an MLflow run")
    parser.add_argument("cohort", type=str, help="folder with cohort.yaml, the yaml file, or an .h5mu file")
    parser.add_argument(
        "--regimen",
        type=str,
        nargs="+",
        required=True,
        help="yaml files: name, dose, unit, interval; differences are from the first",
    )
    parser.add_argument("--patient", type=str, nargs="+", help="ids of patients; default: all")
    parser.add_argument(
        "--out",
        type=str | None,
        help="table of predictions, .csv or .parquet; exposure, differences, effects and curves are written next to it",
    )
    parser.add_argument("--figure", type=str | None, help="figure of one --patient: .svg, .png or .pdf")
    parser.add_argument(
        "--trial",
        type=float,
        nargs=3,
        metavar=("PATIENTS", "EVENTS", "ACCRUAL"),
        help="virtual trials that randomise such patients to the first two regimens: patients, events at the analysis, "
        "and patients randomised per unit of time",
    )
    return parser
