"""The report's section on subgroups: discrimination, calibration and selection by sex, age, site and arm."""

from __future__ import annotations

import textwrap
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.survival.time_unit import survival_unit
from omics.cohort.endpoints import Survival
from stratomics.evaluation.metrics import DISCRIMINATION
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.patient_groups import AGE, SEX, covariate_column
from stratomics.evaluation.subgroup_performance import FEWEST, FEWEST_EVENTS, SubgroupPerformance
from stratomics.report.figures.style import COLOURS, GREY, GRID, WIDE, new_figure
from stratomics.report.run_groups import enrichment_rule, run_groups, selection_text
from stratomics.report.section import Block, Panel, Section, Table
from stratomics.report.text.numbers import p_value
from stratomics.report.text.split_design import split_design
from stratomics.report.text.transport_details import site_sentences
from stratomics.runs.run_directory import RunDirectory
from stratomics.transportability.from_run import sites_of_run

__all__ = ["draw_groups", "group_sentences", "subgroup_performance"]

SIGNIFICANCE = 0.05

DRAWN = 30
"""Maximum number of groups in the figure; the largest ones are drawn."""

EVENTS = {"survival": "events", "response": "positive"}
REQUIRED = {"survival": "events", "response": "patients in one of the classes"}
"""Kind of endpoint -> what is counted in a group, and what a group needs to be evaluated."""

TITLES = {"sex": "Sex", "age": "Age", "site": "Site", "arm": "Arm"}


def subgroup_performance(run: RunDirectory) -> Section:
    """Show performance in each group, test whether groups differ, and name what is not recorded."""
    result, metric = run_groups(run), find_metric(DISCRIMINATION[run.kind]).label
    blocks: list[Block] = []
    if result.rows["enough"].any():
        blocks.append(_panel(run, result, metric))
    if len(result.rows):
        blocks += [Table("groups", _caption(run, metric), _table(run, result, metric))]
    blocks.append([*group_sentences(result, metric, run.kind), *_new_site(run), *_not_recorded(run)])
    return Section("subgroup_performance", "Performance in subgroups", blocks)


def _new_site(run: RunDirectory) -> list[str]:
    """State what to expect in a new site, if each site was predicted from the others."""
    if split_design(run.provenance) != "leave_site_out":
        return []
    return list(site_sentences(sites_of_run(run), run.kind, "this cohort"))


def group_sentences(result: SubgroupPerformance, metric: str, kind: str) -> list[str]:
    """Write one sentence per kind of group (sex, age, site, arm), and one on observed against predicted events.

    Parameters
    ----------
    result
        Performance of the groups and tests of differences.
    metric
        Label of the metric of discrimination.
    kind
        Kind of the endpoint.

    Returns
    -------
    list of str
    """
    sentences = [_kind_sentence(result, test, metric) for test in result.tests.to_dict("records")]
    few = result.rows[~result.rows["enough"].astype(bool)]
    if len(few):
        sentences.append(
            f"{len(few)} of {len(result.rows)} groups are too small to be evaluated: fewer than {FEWEST} patients, or "
            f"fewer than {FEWEST_EVENTS} {REQUIRED[kind]}. Only their numbers are shown."
        )
    shown = result.rows[result.rows["ratio_low"].notna()]
    if len(shown):
        sentences.append(_level_sentence(shown))
    return sentences


def _kind_sentence(result: SubgroupPerformance, test: Mapping[Hashable, Any], metric: str) -> str:
    by, p, adjusted = test["by"], test["p"], test["p_holm"]
    rows = result.rows[(result.rows["by"] == by) & result.rows["rank"].notna()]
    title = TITLES[by]
    if not np.isfinite(p):
        return f"{title}: there are no two groups large enough to be compared."
    if len(rows) <= 4:  # noqa: PLR2004  # more are in the table
        figures = ", ".join(
            f"{_with_interval(row['rank'], row['low'], row['high'])} in {_group_name(by, row['level'])}"
            for row in rows.to_dict("records")
        )
    else:
        figures = f"from {rows['rank'].min():.2f} to {rows['rank'].max():.2f} in {len(rows)} groups"
    tests = int(result.tests["p"].notna().sum())
    after = f", {p_value(adjusted)} after Holm adjustment for {tests} comparisons" if tests > 1 else ""
    if adjusted < SIGNIFICANCE:
        verdict = f"discrimination differs between these groups ({p_value(p)}{after})"
    else:
        verdict = (
            f"no evidence of a difference ({p_value(p)}{after}); groups of this size cannot show that there is no "
            "difference"
        )
    return f"{title}: {metric} {figures}: {verdict}."


def _group_name(by: str, level: str) -> str:
    """Name of a group in a sentence."""
    return level if by == "site" else f"{by} {level}"


def _level_sentence(shown: pd.DataFrame) -> str:
    off = shown[(shown["ratio_low"] > 1.0) | (shown["ratio_high"] < 1.0)]
    chance = 0.05 * len(shown)
    text = (
        f"The 95% interval of observed over predicted events excludes 1 in {len(off)} of {len(shown)} groups"
    )
    examples = "; ".join(
        f"{_group_name(row['by'], row['level'])}, observed {row['observed']:.0%}, predicted {row['expected']:.0%}"
        for row in off.head(5).to_dict("records")
    )
    tail = f" ({examples}{'; ...' if len(off) > 5 else ''})" if examples else ""  # noqa: PLR2004  # as many as named
    return f"{text}{tail}; {chance:.1f} are expected by chance."


def _not_recorded(run: RunDirectory) -> list[str]:
    """Name the groups that this cohort does not record."""
    patients, sentences = run.patients, []
    for name, names in (("sex", SEX), ("age", AGE)):
        if covariate_column(patients, names) is None:
            sentences.append(
                f"No {name} is recorded among the covariates (accepted names: {', '.join(names)}), so performance by "
                f"{name} cannot be evaluated."
            )
    if "site" not in patients:
        sentences.append("No site is declared: differences between hospitals cannot be evaluated.")
    elif patients["site"].nunique() < 2:  # noqa: PLR2004  # nothing to compare
        sentences.append("All patients are from one site: other sites need their own validation.")
    findings = enrichment_rule(run)
    if findings is not None and not {"sex", "age"} <= {*findings.groups, *_unrecorded(run)}:
        sentences.append(
            "The enrichment analysis of this run was made by an older version, which did not store the selection by "
            "sex and age. Run stratomics enrich again to add it."
        )
    return sentences


def _unrecorded(run: RunDirectory) -> set[str]:
    return {
        name for name, names in (("sex", SEX), ("age", AGE)) if covariate_column(run.patients, names) is None
    }


def _panel(run: RunDirectory, result: SubgroupPerformance, metric: str) -> Panel:
    rows = result.rows[result.rows["enough"].astype(bool)]
    drawn = rows.nlargest(DRAWN, "n").sort_index() if len(rows) > DRAWN else rows
    figure = draw_groups(drawn, metric, _reference(run))
    limit = "" if len(drawn) == len(rows) else f" The {DRAWN} largest of {len(rows)} groups are drawn."
    ranked = drawn[drawn["rank"].notna()]
    sentence = f"No group has pairs of patients that can be compared.{limit}"
    if len(ranked):
        order = ranked.sort_values("rank", kind="stable").to_dict("records")
        low, high = order[0], order[-1]
        sentence = (
            f"{metric} is lowest in {_group_name(low['by'], low['level'])} ({low['rank']:.2f}) and highest in "
            f"{_group_name(high['by'], high['level'])} ({high['rank']:.2f}); lines are pointwise 95% intervals. "
            f"The dashed line is {metric} of all patients. Observed over predicted is ideal "
            f"at 1. Selected is the share {selection_text(run)}.{limit}"
        )
    names = {
        "by": "group",
        "n": "patients",
        "events": EVENTS[run.kind],
        "rank": metric,
        "expected": "predicted",
    }
    ratio = "observed / predicted"
    names |= {"ratio": ratio, "ratio_low": f"{ratio}, low", "ratio_high": f"{ratio}, high"}
    table = result.rows.drop(columns="enough").rename(columns=names)
    return Panel("subgroup_performance", "Performance by group", figure, sentence, table)


def _reference(run: RunDirectory) -> float | None:
    """Discrimination in all patients, from ``metrics.json``."""
    figure = run.metrics.get(run.endpoint, {}).get(DISCRIMINATION[run.kind])
    return None if figure is None else float(figure["estimate"])


def draw_groups(rows: pd.DataFrame, metric: str, overall: float | None = None) -> Figure:
    """Draw discrimination, observed over predicted, and share selected of each group, side by side.

    Parameters
    ----------
    rows
        One row per group: ``rows`` of :func:`stratomics.report.run_groups.run_groups`.
    metric
        Label of the metric of discrimination.
    overall
        Discrimination in all patients, drawn as a dashed line.

    Returns
    -------
    Figure
    """
    figure = new_figure(WIDE, 1.2 + 0.3 * len(rows))
    rank, ratio, selected = figure.subplots(1, 3, sharey=True, width_ratios=[1.3, 1.1, 0.8])
    places = np.arange(len(rows))
    _intervals(rank, rows, ("low", "rank", "high"))
    if overall is not None:
        rank.axvline(overall, color=GREY, linewidth=1, linestyle="--")
    rank.axvline(0.5, color=GRID, linewidth=1)
    rank.set_xlabel(metric)
    _intervals(ratio, rows, ("ratio_low", "ratio", "ratio_high"))
    ratio.axvline(1.0, color=GREY, linewidth=1)
    ratio.set_xlim(0.0, max(2.0, min(4.0, float(rows["ratio_high"].max(skipna=True) or 2.0))))
    ratio.set_xlabel("Observed / predicted")
    share = 100 * rows["selected"].to_numpy(dtype=np.float64)
    known = np.isfinite(share)
    selected.barh(places[known], share[known], height=0.5, color=COLOURS[1])
    for place, value in zip(places[known], share[known], strict=True):
        selected.annotate(f"{value:.0f}%", (value, place), (3, 0), textcoords="offset points", va="center")
    selected.set_xlim(0, 115)
    selected.set_xticks([0, 50, 100])
    selected.set_xlabel("% selected")
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
        f"with the event by {survival_unit(run.survival).text(run.cases['stratomics'].horizon)}"  # type: ignore[union-attr]  # survival runs have a horizon
        if run.kind == Survival.kind
        else "with a positive response"
    )
    return (
        f"Groups of the evaluated patients: {metric} within the group, observed and predicted share {by}, their "
        f"ratio, and share {selection_text(run)} (95% intervals, patients resampled)"
    )


def _table(run: RunDirectory, result: SubgroupPerformance, metric: str) -> pd.DataFrame:
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
    for row in result.rows.to_dict("records"):
        figures = ("too few", "", "", "")
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
        return "no comparable pairs"
    return f"{value:.2f} ({low:.2f} to {high:.2f})" if np.isfinite(low) else f"{value:.2f}"


def _percent(value: float) -> str:
    return f"{value:.0%}" if np.isfinite(value) else "not available"
