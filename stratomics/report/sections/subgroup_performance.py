"""The report's section on who differs: performance, level of risk and selection by sex, age, site and arm."""

from __future__ import annotations

import textwrap
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from omics.cohort.endpoints import Survival
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.patient_groups import AGE, SEX, column_named
from stratomics.evaluation.subgroup_performance import FEWEST, FEWEST_EVENTS, Groups
from stratomics.evaluation.view_contributions import RANKS
from stratomics.report.figures import COLOURS
from stratomics.report.run_groups import groups, rule_of, selection_words
from stratomics.report.section import Block, Panel, Section, Table
from stratomics.runs.run_directory import RunDirectory

__all__ = ["differs", "draw_groups", "sentences_of"]

SURE = 0.05

DRAWN = 30
"""Groups that are drawn, the largest if there are more."""

EVENTS = {"survival": "events", "response": "positive"}
INFORMING = {"survival": "events", "response": "of either class"}
"""Kind of endpoint -> what is counted of a group, and what it needs to be evaluated."""

TITLES = {"sex": "Sex", "age": "Age", "site": "Site", "arm": "Arm"}


def differs(run: RunDirectory) -> Section:
    """Show the groups, say of each kind of group whether they differ, and what is not recorded."""
    found, metric = groups(run), find_metric(RANKS[run.kind]).label
    blocks: list[Block] = []
    if found.rows["enough"].any():
        blocks.append(_panel(run, found, metric))
    if len(found.rows):
        blocks += [Table("groups", _caption(run, metric), _table(run, found, metric))]
    blocks.append([*sentences_of(found, metric, run.kind), *_absent(run)])
    return Section("differs", "Who differs", blocks)


def sentences_of(found: Groups, metric: str, kind: str) -> list[str]:
    """One honest sentence for each kind of group, and one on how far predictions are from what happened.

    Parameters
    ----------
    found
        With at least two groups of a kind that can be compared, or the sentence says that there are not.
    metric
        Name of the rank, for people.
    kind
        Of the endpoint.
    """
    said = [_kind_sentence(found, test, metric) for test in found.tests.to_dict("records")]
    few = found.rows[~found.rows["enough"].astype(bool)]
    if len(few):
        said.append(
            f"Too few to say anything of {len(few)} of {len(found.rows)} groups: fewer than {FEWEST} patients, or "
            f"fewer than {FEWEST_EVENTS} {INFORMING[kind]}. They are counted and nothing more."
        )
    shown = found.rows[found.rows["ratio_low"].notna()]
    if len(shown):
        said.append(_level_sentence(shown))
    return said


def _kind_sentence(found: Groups, test: Mapping[Hashable, Any], metric: str) -> str:
    by, p, adjusted = test["by"], test["p"], test["p_holm"]
    rows = found.rows[(found.rows["by"] == by) & found.rows["rank"].notna()]
    title = TITLES[by]
    if not np.isfinite(p):
        return f"{title}: no two groups are large enough to be compared."
    if len(rows) <= 4:  # noqa: PLR2004  # more are in the table
        figures = ", ".join(
            f"{_with_interval(row['rank'], row['low'], row['high'])} in {_whom(by, row['level'])}"
            for row in rows.to_dict("records")
        )
    else:
        figures = f"from {rows['rank'].min():.2f} to {rows['rank'].max():.2f} in {len(rows)} groups"
    asked = int(found.tests["p"].notna().sum())
    after = f", {adjusted:.2g} after Holm for {asked} comparisons" if asked > 1 else ""
    if adjusted < SURE:
        verdict = f"patients are not ordered equally well in all of them (p {p:.2g}{after})"
    else:
        verdict = (
            f"no evidence of a difference (p {p:.2g}{after}), which in groups of this size is no evidence that there "
            "is none"
        )
    return f"{title}: {metric} {figures}: {verdict}."


def _whom(by: str, level: str) -> str:
    """Name a group for people."""
    return level if by == "site" else f"{by} {level}"


def _level_sentence(shown: pd.DataFrame) -> str:
    off = shown[(shown["ratio_low"] > 1.0) | (shown["ratio_high"] < 1.0)]
    chance = 0.05 * len(shown)
    said = (
        "What is observed differs from what is predicted beyond the 95% interval in "
        f"{len(off)} of {len(shown)} groups"
    )
    words = "; ".join(
        f"{_whom(row['by'], row['level'])}, observed {row['observed']:.0%}, predicted {row['expected']:.0%}"
        for row in off.head(5).to_dict("records")
    )
    tail = f" ({words}{'; ...' if len(off) > 5 else ''})" if words else ""  # noqa: PLR2004  # as many as are told
    return f"{said}{tail}; by chance alone one expects {chance:.1f}."


def _absent(run: RunDirectory) -> list[str]:
    """Say what nobody can ask of this cohort."""
    patients, said = run.patients, []
    for name, names in (("sex", SEX), ("age", AGE)):
        if column_named(patients, names) is None:
            said.append(
                f"No {name} is recorded among the covariates (looked for: {', '.join(names)}), so nobody knows whether "
                "it matters here."
            )
    if "site" not in patients:
        said.append("No site is declared: that hospitals differ cannot be seen.")
    elif patients["site"].nunique() < 2:  # noqa: PLR2004  # nothing to compare
        said.append("All patients are of one site: another one needs its own check.")
    answer = rule_of(run)
    if answer is not None and not {"sex", "age"} <= {*answer["groups"], *_unrecorded(run)}:
        said.append(
            "The enrichment of this run was done by a release that kept no selection by sex and age; "
            "stratomics enrich adds it."
        )
    return said


def _unrecorded(run: RunDirectory) -> set[str]:
    return {name for name, names in (("sex", SEX), ("age", AGE)) if column_named(run.patients, names) is None}


def _panel(run: RunDirectory, found: Groups, metric: str) -> Panel:
    rows = found.rows[found.rows["enough"].astype(bool)]
    drawn = rows.nlargest(DRAWN, "n").sort_index() if len(rows) > DRAWN else rows
    figure = draw_groups(drawn, metric, selection_words(run), _reference(run))
    left = "" if len(drawn) == len(rows) else f" The {DRAWN} largest of {len(rows)} groups are drawn."
    ranked = drawn[drawn["rank"].notna()]
    sentence = f"No group has pairs that can be ordered.{left}"
    if len(ranked):
        order = ranked.sort_values("rank", kind="stable").to_dict("records")
        low, high = order[0], order[-1]
        sentence = (
            f"{metric} is lowest in {_whom(low['by'], low['level'])} ({low['rank']:.2f}) and highest in "
            f"{_whom(high['by'], high['level'])} ({high['rank']:.2f}); lines are 95% intervals, each for itself. "
            f"Observed over predicted is right at 1. Selected is the share {selection_words(run)}.{left}"
        )
    table = found.rows.drop(columns="enough").rename(columns={"events": EVENTS[run.kind]})
    return Panel("differs", figure, sentence, table)


def _reference(run: RunDirectory) -> float | None:
    """Rank of all patients, as ``metrics.json`` has it."""
    figure = run.metrics.get(run.endpoint, {}).get(RANKS[run.kind])
    return None if figure is None else float(figure["estimate"])


def draw_groups(rows: pd.DataFrame, metric: str, selection: str, everybody: float | None = None) -> Figure:
    """Rank, observed over predicted, and share selected of each group, side by side."""
    figure = Figure(figsize=(9.4, 1.1 + 0.34 * len(rows)))
    rank, ratio, selected = figure.subplots(1, 3, sharey=True, width_ratios=[1.3, 1.1, 0.8])
    places = np.arange(len(rows))
    _intervals(rank, rows, ("low", "rank", "high"))
    if everybody is not None:
        rank.axvline(everybody, color="#999999", linewidth=1, linestyle="--")
    rank.axvline(0.5, color="#cccccc", linewidth=1)
    rank.set_xlabel(f"{metric}\n(dashed: all patients; 0.5: chance)")
    _intervals(ratio, rows, ("ratio_low", "ratio", "ratio_high"))
    ratio.axvline(1.0, color="#999999", linewidth=1)
    ratio.set_xlim(0.0, max(2.0, min(4.0, float(rows["ratio_high"].max(skipna=True) or 2.0))))
    ratio.set_xlabel("observed / predicted")
    share = 100 * rows["selected"].to_numpy(dtype=np.float64)
    known = np.isfinite(share)
    selected.barh(places[known], share[known], height=0.5, color=COLOURS[1])
    for place, value in zip(places[known], share[known], strict=True):
        selected.annotate(
            f"{value:.0f}%", (value, place), (3, 0), textcoords="offset points", va="center", fontsize=8
        )
    selected.set_xlim(0, 115)
    selected.set_xticks([0, 50, 100])
    selected.set_xlabel(textwrap.fill(f"% {selection}", 26))
    labels = [
        f"{row['by']}: {textwrap.shorten(row['level'], 30, placeholder='...')} ({row['n']})"
        for row in rows.to_dict("records")
    ]
    rank.set_yticks(places, labels)
    rank.set_ylim(len(rows) - 0.4, -0.6)
    return figure


def _intervals(axes: Axes, rows: pd.DataFrame, keys: tuple[str, str, str]) -> None:
    for place, (low, middle, high) in enumerate(rows[list(keys)].to_numpy(dtype=np.float64)):
        axes.plot([low, high], [place, place], color=COLOURS[0], linewidth=2)
        axes.plot(middle, place, "o", color=COLOURS[0])


def _caption(run: RunDirectory, metric: str) -> str:
    by = (
        f"with the event by {run.cases['stratomics'].horizon:.4g} {run.survival.unit}"  # type: ignore[union-attr]
        if run.kind == Survival.kind
        else "with a positive response"
    )
    return (
        f"Groups of the evaluated patients: {metric} within the group, the share {by} as observed and as predicted, "
        f"their ratio, and the share {selection_words(run)} (95% intervals, patients resampled)"
    )


def _table(run: RunDirectory, found: Groups, metric: str) -> pd.DataFrame:
    events = EVENTS[run.kind]
    columns = [
        "group",
        "patients",
        events,
        metric,
        "observed",
        "predicted",
        "observed / predicted",
        "selected",
    ]
    rows = []
    for row in found.rows.to_dict("records"):
        figures = ("too few to say", "", "", "")
        if row["enough"]:
            figures = (
                _with_interval(row["rank"], row["low"], row["high"]),
                _percent(row["observed"]),
                _percent(row["expected"]),
                _with_interval(row["ratio"], row["ratio_low"], row["ratio_high"]),
            )
        rows.append(
            (f"{row['by']}: {row['level']}", row["n"], row["events"], *figures, _percent(row["selected"]))
        )
    return pd.DataFrame(rows, columns=columns)


def _with_interval(value: float, low: float, high: float) -> str:
    if not np.isfinite(value):
        return "nothing to compare"
    return f"{value:.2f} ({low:.2f} to {high:.2f})" if np.isfinite(low) else f"{value:.2f}"


def _percent(value: float) -> str:
    return f"{value:.0%}" if np.isfinite(value) else "not known"
