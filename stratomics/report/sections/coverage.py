"""Coverage of prediction sets and survival bounds, overall and by group."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from stratomics.evaluation.cases import ResponseCases, SurvivalCases
from stratomics.evaluation.comparison import OURS
from stratomics.evaluation.coverage_tables import (
    OTHERS,
    bound_coverage_table,
    coverage_groups,
    merge_small_groups,
    set_coverage_table,
)
from stratomics.evaluation.metrics.survival_bounds import NOMINAL_COVERAGE
from stratomics.report.figures.style import COLOURS, GREY, WIDE, new_figure
from stratomics.report.section import Panel
from stratomics.report.text.arms import arm_names, with_named_arms
from stratomics.report.text.metrics import interval
from stratomics.runs.run_directory import RunDirectory

__all__ = ["coverage_panel", "other_endpoints"]

FEWEST = 10
"""Patients a group needs to be drawn separately."""
LONGEST = 44
"""Characters of a label."""
WITHIN_CLASS, MARGINAL = "within each class", "over all patients"
"""The patients to whom a coverage guarantee refers."""


def coverage_panel(run: RunDirectory) -> Panel | None:
    """Draw the observed coverage by group; None if the run has no prediction sets or bounds."""
    saved, names = run.metrics.get("coverage"), arm_names(run)
    if not saved:
        return None
    drawn = _tables(run)
    table = pd.DataFrame([_row(row, run.kind, names) for row in saved])
    if MARGINAL in drawn:
        cases = run.cases[OURS]
        assert isinstance(cases, ResponseCases)
        marginal = set_coverage_table(
            cases.marginal, coverage_groups(with_named_arms(run, run.evaluated))
        ).to_dict("records")
        by_group = {_group_name(row): row["coverage"] for row in marginal}
        table["coverage of sets over all patients"] = table["patients"].map(by_group)
    return Panel(
        "coverage",
        "Coverage of prediction sets and bounds by group",
        _draw(drawn),
        _sentence(drawn, len(table)),
        table,
    )


def other_endpoints(run: RunDirectory) -> list[str]:
    """State the coverage of the prediction sets of responses that are secondary endpoints."""
    sentences = []
    for name, figures in run.metrics.items():
        if name == run.endpoint or not isinstance(figures, dict) or "set_coverage_positive" not in figures:
            continue
        classes = [
            f"{interval(figures[f'set_coverage_{c}'])} of {c} patients" for c in ("positive", "negative")
        ]
        sentences.append(
            f"Secondary endpoint {name}: prediction sets with a nominal coverage of {NOMINAL_COVERAGE:.0%} within each "
            f"class contain the true response for {' and '.join(classes)}."
        )
    return sentences


def _tables(run: RunDirectory) -> dict[str, pd.DataFrame]:
    """Kind of set or bound -> coverage by group, small groups merged."""
    cases, known = run.cases[OURS], coverage_groups(with_named_arms(run, run.evaluated))
    groups = {name: merge_small_groups(labels, FEWEST) for name, labels in known.items()}
    if isinstance(cases, SurvivalCases):
        tables = {"lower bounds": bound_coverage_table(cases, groups)}
    else:
        assert isinstance(cases, ResponseCases)
        tables = {
            WITHIN_CLASS: set_coverage_table(cases, groups),
            MARGINAL: set_coverage_table(cases.marginal, groups),
        }
    return {name: _others_last(table) for name, table in tables.items() if len(table)}


def _others_last(table: pd.DataFrame) -> pd.DataFrame:
    """Sort by kind of group, merged small groups last within each kind."""
    named = table.assign(few=table["level"].str.startswith(f"{OTHERS} (")).reset_index(names="place")
    named["group"] = pd.factorize(named["by"])[0]
    return named.sort_values(["group", "few", "place"], ignore_index=True)


def _row(row: Mapping[str, Any], kind: str, names: Mapping[str, str]) -> dict[str, object]:
    """One row of the table, which lists every group, however small."""
    figures = {key: row[key] for key in ("coverage", "low", "high")}
    last = {"median bound": row["bound"]} if kind == "survival" else {"mean classes in a set": row["width"]}
    return {"patients": _group_name(row, names), "number": row["n"], **figures, **last}


def _group_name(row: Mapping[Any, Any], arms: Mapping[str, str] = MappingProxyType({})) -> str:
    """Write the name of one group; saved rows have the values of arms, which `arms` gives names."""
    level = arms.get(row["level"], row["level"]) if row["by"] == "arm" else row["level"]
    return "all" if row["by"] == "all" else f"{row['by']}: {level}"


def _draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    first = next(iter(tables.values()))
    figure = new_figure(WIDE, 0.9 + 0.3 * len(first))
    axes = figure.add_subplot()
    axes.axvline(NOMINAL_COVERAGE, color=GREY, linewidth=1)
    for number, (name, table) in enumerate(tables.items()):
        height = table.index.to_numpy() + 0.26 * number
        colour, mark = COLOURS[2 * number], "os"[number]
        axes.hlines(height, table["low"], table["high"], color=colour, linewidth=2, linestyle="-:"[number])
        axes.plot(table["coverage"], height, mark, color=colour, label=name)
    labels = [f"{_short(_group_name(row))} (n = {row['n']})" for row in first.to_dict("records")]
    axes.set_yticks(range(len(first)), labels)
    axes.invert_yaxis()
    axes.set_xlim(-0.02, 1.02)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlabel(f"Observed coverage; line: nominal {NOMINAL_COVERAGE:.0%}")
    if len(tables) > 1:
        axes.legend(
            title="coverage guarantee",
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=2,
            alignment="left",
        )
    return figure


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _sentence(tables: Mapping[str, pd.DataFrame], lines: int) -> str:
    parts = []
    for name, table in tables.items():
        known = table[table["coverage"].notna()]
        below = known[known["high"] < NOMINAL_COVERAGE]
        estimate, low, high = (float(x) for x in table[["coverage", "low", "high"]].to_numpy()[0])
        whole = interval({"estimate": estimate, "low": low, "high": high}) if len(known) else "not available"
        low_groups = [f"{_group_name(row)} ({row['coverage']:.2f})" for row in below.to_dict("records")]
        groups = (
            f"below the nominal coverage in {', '.join(low_groups)}"
            if low_groups
            else "no group is clearly below the nominal coverage"
        )
        parts.append(f"{name}: {whole} in all patients, {groups}")
    merged = any(table["few"].any() for table in tables.values())
    few = (
        f" Groups of fewer than {FEWEST} patients are merged in the figure; the table lists all {lines} groups."
        if merged
        else ""
    )
    return f"Observed coverage with exact 95% intervals, {'; '.join(parts)}.{few}"
