"""``stratomics tumour RUN``: growth of tumours over time, and what factors and exposure change in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import jsonargparse
import pandas as pd

from datamodules.exposure import NOT_FOR_DOSING
from stratomics.cli.pharmacology.figure_file import check_figure, write_figure
from stratomics.cli.run import add_run, parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser

if TYPE_CHECKING:
    from stratomics.pharmacology.tumour_growth import TumourGrowth
    from stratomics.runs.run_directory import RunDirectory

__all__ = ["build_parser", "tumour"]


def tumour(arguments: Sequence[str]) -> None:
    """Print growth, slopes and forecasts; store them in the run and its report, and write tables and a figure."""
    given = parse_arguments(build_parser(), list(arguments), "the command line")
    figure = None if given.figure is None else check_figure(given.figure)
    from models.tumour.curves import find_curve
    from stratomics.api.tools.tumour_growth import tumour_growth
    from stratomics.cli.screen.tumour_output import print_tumour
    from stratomics.runs.run_directory import RunDirectory
    from stratomics.tracking.find_run import open_run

    find_curve(given.curve)
    with open_run(given.run, given.uri) as path:
        found = tumour_growth(path, given.curve)
        # A run that was downloaded from MLflow is removed at the end.
        written = _store(RunDirectory(path), found) if path == Path(given.run) else []
    if given.out is not None:
        written += _write(Path(given.out), found)
    if figure is not None:
        _draw(found, figure)
        written.append(figure)
    emit(_content(found, written), lambda: print_tumour(found, written))


def _store(run: RunDirectory, found: TumourGrowth) -> list[Path]:
    """Store the tables in the run, and write its report again."""
    from omics.common.manifest import update_manifest
    from stratomics.pharmacology.tumour_store import TUMOUR, save_growth
    from stratomics.report.page import write_report
    from stratomics.tracking.update_record import update_record

    save_growth(run, found.stored())
    page = write_report(run)
    update_manifest(run.path, page.name)
    update_record(run)
    return [run.path / TUMOUR, page]


def _write(folder: Path, found: TumourGrowth) -> list[Path]:
    from omics.common.files import write_json, write_text

    tables = {
        "patients.csv": found.patients.rename_axis("patient").reset_index(),
        "forecasts.csv": found.forecasts,
        "typical.csv": found.typical(),
        "slopes.csv": found.slopes(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        write_text(folder / name, table.to_csv(index=False, lineterminator="\n"))
    write_json(folder / "tumour.json", _content(found, []))
    return [folder / name for name in (*tables, "tumour.json")]


def _draw(found: TumourGrowth, path: Path) -> None:
    from stratomics.report.figures.tumour import tumour_figure

    note = f"Median and 90% interval of the size without error. {NOT_FOR_DOSING}"
    write_figure(tumour_figure(found.curves, found.sizes, note), path)


def _content(found: TumourGrowth, written: Sequence[Path]) -> dict[str, object]:
    gain, error = found.gain()
    patients = found.patients.rename_axis("patient").reset_index()
    return {
        "curve": found.model.curve,
        "patients": found.model.patients,
        "typical": _rows(found.typical()),
        "residual": {"additive": found.model.additive, "proportional": found.model.proportional},
        "slopes": _rows(found.slopes()),
        "errors": _rows(found.errors()),
        "gain": gain,
        "gain_se": error,
        "individual": _rows(patients),
        "notes": list(found.notes),
        "written": [str(path) for path in written],
        "note": NOT_FOR_DOSING,
    }


def _rows(table: pd.DataFrame) -> list[dict[str, object]]:
    """Rows of a table, with null for what is not a number."""
    rows: list[dict[str, object]] = json.loads(table.to_json(orient="records", double_precision=12))
    return rows


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the options."""
    parser = command_parser(
        "tumour",
        "RUN [--curve stein] [--out FOLDER] [--figure FILE]",
        "Growth of tumours in the cohort of a finished run whose cohort.yaml has the block 'tumour_size': typical "
        "values, what factors and exposure change, and forecasts of later sizes of held-out patients; stored in the "
        "run, with a section of its report. For research; not for dosing of patients.",
        "runs/trial --out growth --figure growth.svg",
    )
    add_run(parser)
    parser.add_argument("--curve", type=str, default="stein", help="stein or claret")
    parser.add_argument("--out", type=str | None, help="write tables (csv) and tumour.json to this folder")
    parser.add_argument(
        "--figure", type=str | None, help="draw sizes and curves of patients: .svg, .png or .pdf"
    )
    return parser
