"""Print the growth of tumours in a cohort."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from datamodules.exposure import NOT_FOR_DOSING
from stratomics.pharmacology.tumour_store import NO_SLOPE
from stratomics.report.sections.tumour import ASSOCIATED, IMMORTAL

if TYPE_CHECKING:
    from stratomics.pharmacology.tumour_growth import TumourGrowth

__all__ = ["print_tumour"]

SHOWN = 12
"""Patients on the screen; `--out` writes all."""


def print_tumour(found: TumourGrowth, written: Sequence[Path]) -> None:
    """Print typical values, slopes, forecasts and the first patients.

    Parameters
    ----------
    found
        Growth in a cohort.
    written
        Files that were written.
    """
    _typical(found)
    _slopes(found)
    _forecasts(found)
    _patients(found)
    for sentence in (ASSOCIATED, IMMORTAL, *found.notes, *map(str, written), NOT_FOR_DOSING):
        print(sentence)


def _typical(found: TumourGrowth) -> None:
    rows = [
        [
            row["parameter"],
            f"{row['typical']:.3g} ({row['low']:.3g} to {row['high']:.3g})",
            f"{row['spread']:.2f}",
        ]
        for row in found.typical().to_dict("records")
    ]
    title = f"Growth by the curve {found.model.curve}, {found.model.patients} patients: rates per week, size in mm"
    _print(title, ["parameter", "typical (95% interval)", "sd of the logarithm between patients"], rows)


def _slopes(found: TumourGrowth) -> None:
    slopes = found.slopes()
    shrunk = slopes["factor"] & (slopes["slope"].abs() < NO_SLOPE)
    rows = [
        [row["predictor"], row["model"], f"{row['slope']:.3f} ({row['low']:.3f} to {row['high']:.3f})"]
        for row in slopes[~shrunk].to_dict("records")
    ]
    title = (
        "Change of the logarithm of the growth rate per standard deviation, and per unit of the logarithm of exposure "
        "(claret: of the effect of the drug)"
    )
    _print(title, ["predictor", "model", "slope (95% interval)"], rows)
    if shrunk.any():
        print(f"The slopes of {int(shrunk.sum())} factors are 0: the sizes do not support them.")


def _forecasts(found: TumourGrowth) -> None:
    rows = [
        [
            row["landmark"],
            str(row["sizes"]),
            *(_share(value) for value in (row["with_factors"], row["without_factors"], row["last"])),
        ]
        for row in found.errors().to_dict("records")
    ]
    columns = ["sizes known until", "later sizes", "with factors", "without factors", "last size"]
    _print("Forecasts of later sizes of held-out patients: typical relative error", columns, rows)
    gain, error = found.gain()
    verdict = "improve" if gain > 2 * error else "do not clearly improve"
    print(
        f"Factors {verdict} the log likelihood of held-out patients' sizes: {gain:.3f} per patient (SE {error:.3f})."
    )


def _patients(found: TumourGrowth) -> None:
    table = found.patients.head(SHOWN)
    names = [name for name in map(str, table) if name.endswith(("time_to_growth", "change"))]
    rows = [
        [str(patient), *(f"{row[n]:.2f} ({row[f'{n}_low']:.2f} to {row[f'{n}_high']:.2f})" for n in names)]
        for patient, row in table.iterrows()
    ]
    columns = ["patient", "weeks to growth (90% interval)", "change at week 8, as a share"]
    _print(f"The first {len(rows)} of {len(found.patients)} patients", columns, rows)


def _share(error: float) -> str:
    return "-" if np.isnan(error) else f"{np.expm1(error):.1%}"


def _print(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(escape(column))
    for row in rows:
        table.add_row(*map(escape, row))
    Console(soft_wrap=True).print(table)
