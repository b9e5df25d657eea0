"""Table 1 of the report: characteristics of the patients by arm, or by outcome."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.survival.time_unit import survival_unit
from omics.cohort.endpoints import Survival
from stratomics.evaluation.baseline_table import Characteristic, Quartiles, characteristic
from stratomics.evaluation.patient_groups import SEX, covariate_column, patient_groups
from stratomics.report.section import Table
from stratomics.report.text.arms import arm_names
from stratomics.runs.run_directory import RunDirectory

__all__ = ["baseline_table"]

Group = tuple[str, NDArray[np.bool_]]

INDENT = "\u2003"
"""Before a level of a characteristic."""
MOST_ARMS = 4
"""Most arms that have a column; with more, the table is by outcome."""
BINARY = {0.0, 1.0}
FEW = 6
"""Most whole numbers that are shown as categories, such as a stage."""


def baseline_table(run: RunDirectory) -> Table:
    """Show the characteristics of all patients, and by arm, or by event or response.

    Parameters
    ----------
    run
        A finished run.

    Returns
    -------
    Table
    """
    by, groups = _groups(run)
    everyone = np.ones(len(run.patients), dtype=np.bool_)
    columns: list[Group] = [("all patients", everyone), *groups]
    members = [rows for _, rows in columns]

    def lines(parts: dict[str, pd.Series[Any]], compared: int) -> list[tuple[str, ...]]:
        return [
            line
            for name, values in parts.items()
            for line in _lines(characteristic(name, values, members, compared))
        ]

    views = lines(_views(run.patients), len(groups))
    rows = [
        *lines(_characteristics(run.patients), len(groups)),
        *([("views measured", *[""] * (len(columns) + 1)), *views] if views else []),
        # Outcomes of groups by outcome differ by definition.
        *lines(_outcome(run, by), len(groups) if by == "arm" else 0),
    ]
    heads = [f"{name} (n = {rows.sum()})" for name, rows in columns]
    table = pd.DataFrame(rows, columns=["characteristic", *heads, "standardised difference"])
    caption = (
        f"Characteristics of the patients, by {by}: number (%) or median (quartiles). Percentages are of the patients "
        "with a known value. A standardised difference above 0.1 is often called an imbalance"
    )
    if len(groups) > 2:  # noqa: PLR2004  # several pairs
        caption += "; the largest of two groups is shown"
    return Table("baseline", caption, table)


def _groups(run: RunDirectory) -> tuple[str, list[Group]]:
    names = arm_names(run)
    if 1 < len(names) <= MOST_ARMS:
        arms = patient_groups(run.patients[["arm"]])["arm"]
        return "arm", [(name, np.asarray(arms == arm, dtype=np.bool_)) for arm, name in names.items()]
    outcome = run.outcome
    labels = ("event", "no event") if run.kind == Survival.kind else ("positive", "negative")
    by = "event" if run.kind == Survival.kind else run.endpoint
    sides = (outcome.label & outcome.observed, ~outcome.label & outcome.observed)
    return by, [(label, np.asarray(side, dtype=np.bool_)) for label, side in zip(labels, sides, strict=True)]


def _characteristics(patients: pd.DataFrame) -> dict[str, pd.Series[Any]]:
    """Covariates and site of all patients."""
    named: dict[str, pd.Series[Any]] = {}
    sex = covariate_column(patients, SEX)
    if sex is not None:
        named["sex"] = pd.Series(patient_groups(patients[[sex]])["sex"])
    for column in patients.columns:
        name = str(column).removeprefix("covariate.")
        if column not in (name, sex):
            named[name] = _as_categories(patients[column])
    if "site" in patients:
        named["site"] = patients["site"]
    return named


def _views(patients: pd.DataFrame) -> dict[str, pd.Series[Any]]:
    """Whether each view is measured."""
    views = [str(column) for column in patients.columns if str(column).startswith("view.")]
    return {f"{INDENT}{view.removeprefix('view.')}": patients[view].astype(bool) for view in views}


def _outcome(run: RunDirectory, by: str) -> dict[str, pd.Series[Any]]:
    outcome = run.outcome
    named: dict[str, pd.Series[Any]] = {}
    if by == "arm":
        label = pd.Series(outcome.label, dtype="boolean").where(pd.Series(outcome.observed))
        named["event" if run.kind == Survival.kind else f"positive {run.endpoint}"] = label
    if isinstance(outcome, Survival):
        unit = survival_unit(outcome)
        time = pd.Series(outcome.time * unit.factor)
        named[f"observed time, {unit.name}" if unit.name else "observed time"] = time
    return named


def _as_categories(values: pd.Series[Any]) -> pd.Series[Any]:
    """Read a number of 0 and 1 as no and yes, and a few whole numbers as categories."""
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return values
    known = set(values.dropna().unique())
    if known <= BINARY:
        return values.astype("boolean")
    return (
        values.astype("Int64").astype("category")
        if len(known) <= FEW and all(k == int(k) for k in known)
        else values
    )


def _lines(one: Characteristic) -> list[tuple[str, ...]]:
    difference = f"{one.difference:.2f}" if np.isfinite(one.difference) else ""
    if not one.levels:
        lines = [(one.name, *(_quartiles(cell) for cell in one.quartiles), difference)]
    elif set(one.levels) <= {"True", "False"}:
        counts = one.levels.get("True")
        empty = tuple("0 (0%)" for _ in one.missing)
        cells = empty if counts is None else tuple(f"{cell.n} ({cell.share:.0%})" for cell in counts)
        lines = [(one.name, *cells, difference)]
    else:
        lines = [(one.name, *("" for _ in one.missing), difference)]
        for level, row in one.levels.items():
            lines.append((f"{INDENT}{level}", *(f"{cell.n} ({cell.share:.0%})" for cell in row), ""))
    if any(one.missing):
        lines.append((f"{INDENT}missing", *(str(n) for n in one.missing), ""))
    return lines


def _quartiles(cell: Quartiles) -> str:
    if not np.isfinite(cell.median):
        return "none"
    digits = 0 if abs(cell.median) >= 10 else 1 if abs(cell.median) >= 1 else 2  # noqa: PLR2004  # three digits
    return f"{cell.median:.{digits}f} ({cell.low:.{digits}f} to {cell.high:.{digits}f})"
