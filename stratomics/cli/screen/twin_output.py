"""Print twins: exposure and predictions of the first patients under each regimen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stratomics.fitting.exposure_effect import DOSES
from stratomics.pharmacology.twins.result import PRIOR, Twins

__all__ = ["print_trials", "print_twins"]

SHOWN = 10
"""Patients on the screen; `--out` writes all."""


def print_twins(twins: Twins, written: Sequence[Path]) -> None:
    """Print exposure, predictions and differences, and the paths of the tables.

    Parameters
    ----------
    twins
        The twins.
    written
        Files that were written.
    """
    shown = twins.patients[:SHOWN]
    exposure = twins.exposure[twins.exposure["patient"].isin(shown)]
    _print("Exposure (90% interval)", exposure.assign(of=exposure["measure"]), _exposure)
    for title, table, text in (
        ("Predictions (90% interval)", twins.predictions, _percent),
        (f"Differences from {twins.regimens[0]} (90% interval)", twins.differences, _points),
    ):
        if len(table):
            known = table[table["patient"].isin(shown)]
            _print(title, known.assign(of=_what(known, twins.unit)), text)
    if len(means := twins.mean_differences):
        everyone = means.assign(patient=f"mean of {len(twins.patients)}", outside=False)
        title = f"Mean differences from {twins.regimens[0]} (90% interval)"
        _print(title, everyone.assign(of=_what(means, twins.unit)), _points)
    if len(twins.patients) > SHOWN:
        print(f"The first {SHOWN} of {len(twins.patients)} patients; --out FILE.csv writes all.")
    for sentence in _sentences(twins):
        print(sentence)
    for path in written:
        print(path)
    print(twins.note)


def print_trials(trials: pd.DataFrame) -> None:
    """Print the table of virtual trials: what each scenario gives."""
    shown = Table(
        *("effect", "shows a benefit", "duration", "events", "patients"),
        title=f"Virtual trials, {trials['plan'].iloc[0]}",
        title_justify="left",
    )
    for row in trials.itertuples():
        rejected = f"{row.rejected:.0%} ({row.reads_as})"
        shown.add_row(
            str(row.truth), rejected, f"{row.duration:.4g}", f"{row.events:.0f}", f"{row.randomised:.0f}"
        )
    Console(width=None if Console().is_terminal else 160).print(shown)


def _sentences(twins: Twins) -> Iterable[str]:
    """Say what limits the predictions of some patients."""
    beyond = twins.exposure[twins.exposure["outside"]]
    for regimen, rows in beyond.groupby("regimen", sort=False):
        patients = rows["patient"].unique()
        yield (
            f"{regimen}: the exposure of {len(patients)} patient(s), such as {patients[0]}, is outside the range of "
            "training (*); these predictions are extrapolations."
        )
    for _, row in twins.effects.iterrows():
        yield _effect(row)
    unmeasured = twins.exposure.loc[twins.exposure["basis"] == PRIOR, "patient"].nunique()
    if unmeasured:
        yield f"{unmeasured} patient(s) have no level: their exposure is that of the population (prior)."


def _effect(row: pd.Series) -> str:
    step = f"twice the {row['measure']}" if row["step"] == "twice" else f"{row['step']} of {row['measure']}"
    source = (
        "whose doses differ" if row["learned_from"] == DOSES else "of alike doses, so that it is not causal"
    )
    return (
        f"{row['endpoint']}: {step} is {row['ratio']:.2f} times the {row['ratio_of']} ({row['low']:.2f} to "
        f"{row['high']:.2f}), learned from {row['patients']} patients {source}."
    )


def _what(table: pd.DataFrame, unit: str) -> pd.Series[str]:
    at = table["time"].map(lambda time: "" if pd.isna(time) else f" at {time:.4g} {unit}".rstrip())
    return table["endpoint"] + ", " + table["quantity"] + at


def _exposure(row: pd.Series) -> str:
    return f"{row['estimate']:.3g} ({row['low']:.3g} to {row['high']:.3g})"


def _percent(row: pd.Series) -> str:
    return f"{row['estimate']:.0%} ({row['low']:.0%} to {row['high']:.0%})"


def _points(row: pd.Series) -> str:
    return f"{100 * row['estimate']:+.0f} ({100 * row['low']:+.0f} to {100 * row['high']:+.0f}) points"


def _print(title: str, table: pd.DataFrame, text: Callable[[pd.Series], str]) -> None:
    """One row per patient and regimen, one column per measure; * marks exposure outside the range of training."""
    columns = list(dict.fromkeys(table["of"]))
    cells = table.assign(text=table.apply(text, axis=1) + table["outside"].map({True: " *", False: ""}))
    wide = cells.pivot_table(
        index=["patient", "regimen"], columns="of", values="text", aggfunc="first", sort=False
    )
    shown = Table("patient", "regimen", *map(escape, columns), title=title, title_justify="left")
    for names, row in zip(wide.index, wide[columns].itertuples(index=False), strict=True):
        shown.add_row(*map(escape, map(str, (*names, *row))))
    Console(width=None if Console().is_terminal else 160).print(shown)
