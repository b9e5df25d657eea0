"""Whom sets or bounds cover: a forest of groups, and what is said of the promise that is kept within classes or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from stratomics.evaluation.bound_coverage import bound_table
from stratomics.evaluation.cases import ResponseCases, SurvivalCases
from stratomics.evaluation.comparison import OURS
from stratomics.evaluation.metrics.response_set_coverage import (
    OTHERS,
    coverage_table,
    few_together,
    known_groups,
)
from stratomics.evaluation.metrics.survival_calibration import PROMISED
from stratomics.report.figures import COLOURS
from stratomics.report.section import Panel
from stratomics.report.text.metrics import interval
from stratomics.runs.run_directory import RunDirectory

__all__ = ["coverage_panel", "other_endpoint"]

FEWEST = 10
"""Patients of a group that has a line of its own in the figure."""
LONGEST = 44
WITHIN, TOGETHER = "within each class", "all together"


def coverage_panel(run: RunDirectory) -> Panel | None:
    """Draw how often the promise was kept, for whom; None of runs whose predictions promised nothing."""
    saved = run.metrics.get("coverage")
    if not saved:
        return None
    drawn = _tables(run)
    table = pd.DataFrame([_row(row, run.kind) for row in saved])
    if TOGETHER in drawn:
        cases = run.cases[OURS]
        assert isinstance(cases, ResponseCases)
        marginal = coverage_table(cases.marginal, known_groups(run.evaluated)).to_dict("records")
        by_group = {_who(row): row["coverage"] for row in marginal}
        table[f"coverage of sets that promise it {TOGETHER}"] = table["patients"].map(by_group)
    return Panel("coverage", _draw(drawn), _sentence(drawn, len(table)), table)


def other_endpoint(run: RunDirectory) -> list[str]:
    """Say how often sets of a response hold it, where a response was predicted beside the endpoint that decides."""
    said = []
    for name, figures in run.metrics.items():
        if name == run.endpoint or not isinstance(figures, dict) or "set_coverage_positive" not in figures:
            continue
        classes = [
            f"{interval(figures[f'set_coverage_{c}'])} of {c} patients" for c in ("positive", "negative")
        ]
        said.append(
            f"Of {name}, sets that promise {PROMISED:.0%} within each class hold the truth for {' and '.join(classes)}."
        )
    return said


def _tables(run: RunDirectory) -> dict[str, pd.DataFrame]:
    """Kind of promise -> coverage by group, small groups together."""
    cases, known = run.cases[OURS], known_groups(run.evaluated)
    groups = {name: few_together(labels, FEWEST) for name, labels in known.items()}
    if isinstance(cases, SurvivalCases):
        tables = {"lower bounds": bound_table(cases, groups)}
    else:
        assert isinstance(cases, ResponseCases)
        tables = {WITHIN: coverage_table(cases, groups), TOGETHER: coverage_table(cases.marginal, groups)}
    return {name: _others_last(table) for name, table in tables.items() if len(table)}


def _others_last(table: pd.DataFrame) -> pd.DataFrame:
    """In the order of groups, where those of few patients end theirs."""
    named = table.assign(few=table["level"].str.startswith(f"{OTHERS} (")).reset_index(names="place")
    named["group"] = pd.factorize(named["by"])[0]
    return named.sort_values(["group", "few", "place"], ignore_index=True)


def _row(row: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """One line of the table, which names every group however small."""
    figures = {key: row[key] for key in ("coverage", "low", "high")}
    last = {"median bound": row["bound"]} if kind == "survival" else {"mean classes in a set": row["width"]}
    return {"patients": _who(row), "number": row["n"], **figures, **last}


def _who(row: Mapping[Any, Any]) -> str:
    return "all" if row["by"] == "all" else f"{row['by']}: {row['level']}"


def _draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    first = next(iter(tables.values()))
    figure = Figure(figsize=(7, 0.8 + 0.34 * len(first)))
    axes = figure.add_subplot()
    axes.axvline(PROMISED, color="#999999", linewidth=1)
    for number, (name, table) in enumerate(tables.items()):
        height = table.index.to_numpy() + 0.26 * number
        colour, mark = COLOURS[2 * number], "os"[number]
        axes.hlines(height, table["low"], table["high"], color=colour, linewidth=2, linestyle="-:"[number])
        axes.plot(table["coverage"], height, mark, color=colour, label=name)
    labels = [f"{_short(_who(row))} (n = {row['n']})" for row in first.to_dict("records")]
    axes.set_yticks(range(len(first)), labels)
    axes.invert_yaxis()
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel(f"share covered, with exact 95% interval; {PROMISED:g} is promised")
    if len(tables) > 1:
        axes.legend(frameon=False, fontsize=8, title="promised", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _sentence(tables: Mapping[str, pd.DataFrame], lines: int) -> str:
    said = []
    for name, table in tables.items():
        known = table[table["coverage"].notna()]
        below = known[known["high"] < PROMISED]
        estimate, low, high = (float(x) for x in table[["coverage", "low", "high"]].to_numpy()[0])
        whole = interval({"estimate": estimate, "low": low, "high": high}) if len(known) else "unknown"
        short = [f"{_who(row)} ({row['coverage']:.2f})" for row in below.to_dict("records")]
        found = (
            f"fewer than promised among {', '.join(short)}" if short else "no group surely below the promise"
        )
        said.append(f"{name}: {whole} of all, {found}")
    together = any(table["few"].any() for table in tables.values())
    few = (
        f" Groups of fewer than {FEWEST} patients are drawn together; each of the {lines} lines is in the table."
        if together
        else ""
    )
    return f"Share of patients covered, {'; '.join(said)}.{few}"
