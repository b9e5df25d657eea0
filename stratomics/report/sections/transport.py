"""The report's section on other cohorts: external validation, case mix, shift, groups, sites, learning curve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stratomics.evaluation.intervals import Estimate
from stratomics.evaluation.metrics import DISCRIMINATION
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.report.figures.style import COLOURS, GREY, NARROW, new_figure
from stratomics.report.section import Block, Details, Panel, Section, Table
from stratomics.report.text.metrics import interval
from stratomics.report.text.transport import (
    group_name,
    horizon_text,
    measure_columns,
    measure_rows,
    transport_sentences,
)
from stratomics.runs.run_directory import RunDirectory
from stratomics.transportability.learning_curve import LearningCurve
from stratomics.transportability.recalibration import Recalibration
from stratomics.transportability.result import Transport, load_transports
from stratomics.transportability.sites import SiteSummary

__all__ = ["transport"]

EVENTS = {"survival": "events", "response": "positive"}


def transport(run: RunDirectory) -> Section | None:
    """Show the other cohorts that `stratomics transport` evaluated; None if it was not run."""
    results = load_transports(run)
    if not results:
        return None
    meaning = (
        "The final model, fitted to all patients of this run, predicts patients of another cohort. Intervals are 95%, "
        "patients resampled, for this fixed model."
    )
    if len(results) == 1:
        return Section("transport", "Other cohorts", [meaning, *_blocks(results[0], 0)])
    details = [Details(f"Show {one.cohort}", _blocks(one, number)) for number, one in enumerate(results)]
    return Section(
        "transport",
        "Other cohorts",
        [meaning, Table("transports", "Other cohorts", _overview(results)), *details],
    )


def _overview(results: Sequence[Transport]) -> pd.DataFrame:
    label = find_metric(DISCRIMINATION[results[0].kind]).label
    rows = []
    for one in results:
        here = one.external
        key = DISCRIMINATION[one.kind]
        rows.append(
            {
                "cohort": one.cohort,
                "patients": here.patients,
                EVENTS[one.kind]: here.events,
                label: interval(here.metrics[key], digits=2) if key in here.metrics else "unknown",
                "by case mix": f"{here.expected_discrimination:.2f}",
                "observed / expected": _cell(here.ratio),
                "slope": _cell(here.slope) or "unknown",
            }
        )
    return pd.DataFrame(rows)


def _blocks(result: Transport, number: int) -> list[Block]:
    names = ["measure", *measure_columns(result)]
    blocks: list[Block] = [
        Table(
            f"transport_{number}",
            f"The model in training and in {result.cohort} (95% intervals)",
            pd.DataFrame(measure_rows(result), columns=names),
        ),
        transport_sentences(result),
    ]
    return [
        *blocks,
        Details("Show calibration, groups, sites and learning curve", list(_details(result, number))),
    ]


def _details(result: Transport, number: int) -> Iterator[Block]:
    yield _calibration(result, number)
    yield Table(f"transport_groups_{number}", _groups_caption(result), _groups(result))
    if result.recalibration is not None and result.recalibration.steps:
        yield Table(
            f"transport_recalibration_{number}",
            "Mean loss (negative log likelihood per patient) in patients that the correction was not learned from",
            _steps(result.recalibration),
        )
    for place, sites in (("run", result.sites), ("other", result.other_sites)):
        if sites is not None:
            where = "the run, out of fold" if place == "run" else result.cohort
            yield Table(f"transport_sites_{place}_{number}", f"Sites of {where}", _sites(sites, result.kind))
    if result.learning is not None:
        yield _learning(result.learning, number)


def _calibration(result: Transport, number: int) -> Panel:
    x, y = (np.array(result.external.curve[end]) for end in ("x", "y"))
    figure = new_figure(NARROW, 4.2)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1)
    axes.plot(x, y, color=COLOURS[0], marker="o" if result.kind == "response" else None)
    at = f" by {horizon_text(result)}" if result.kind == "survival" else ""
    what = f"event{at}" if result.kind == "survival" else "positive response"
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel=f"Predicted probability, {what}", ylabel="Observed")
    distance = f"{np.abs(x - y).max():.2f}" if len(x) else "unknown"
    sentence = (
        f"In {result.cohort}, predicted and observed probability of the {what} differ by at most {distance} along the "
        "curve; on the diagonal they are equal."
    )
    table = pd.DataFrame({"predicted": x, "observed": y})
    return Panel(
        f"transport_calibration_{number}", f"Calibration in {result.cohort}", figure, sentence, table
    )


def _groups_caption(result: Transport) -> str:
    label = find_metric(DISCRIMINATION[result.kind]).label
    return (
        f"Groups of {result.cohort}: {label} within the group, its difference from all other patients, observed over "
        "expected, coverage (nominal 90%), and share with abstention or selected by the rule"
    )


def _groups(result: Transport) -> pd.DataFrame:
    label = find_metric(DISCRIMINATION[result.kind]).label
    rows = []
    for row in result.groups.rows:
        cells = {
            "group": group_name(row),
            "patients": row.patients,
            EVENTS[result.kind]: row.events,
            label: _cell(row.discrimination) or "unknown",
            "difference": _cell(row.difference, "+"),
            "observed / expected": _cell(row.ratio) or ("" if row.known else "unknown"),
            "coverage": _cell(row.coverage),
            "abstention": _percent(row.abstained),
        }
        if result.external.selected is not None:
            cells["selected"] = _percent(row.selected)
        rows.append(cells)
    return pd.DataFrame(rows)


def _steps(found: Recalibration) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "patients to learn from": step.patients,
                "unchanged": f"{step.unchanged:.4f}",
                "new intercept": f"{step.level:.4f}",
                "intercept and slope": f"{step.both:.4f}",
            }
            for step in found.steps
        ]
    )


def _sites(sites: SiteSummary, kind: str) -> pd.DataFrame:
    label = find_metric(DISCRIMINATION[kind]).label
    rows = [
        {
            "site": row.site,
            "patients": str(row.patients),
            EVENTS[kind]: str(row.events),
            label: _cell(row.discrimination) or "unknown",
            "observed / expected": _cell(row.ratio) or "unknown",
        }
        for row in sites.rows
    ]
    if sites.discrimination is not None and sites.ratio is not None:
        both = (sites.discrimination, sites.ratio)
        for name, ends in (("mean", ("low", "high")), ("a new site", ("new_low", "new_high"))):
            texts = [f"{e.mean:.2f} ({getattr(e, ends[0]):.2f} to {getattr(e, ends[1]):.2f})" for e in both]
            rows.append(
                {
                    "site": name,
                    "patients": "",
                    EVENTS[kind]: "",
                    label: texts[0],
                    "observed / expected": texts[1],
                }
            )
    return pd.DataFrame(rows)


def _learning(curve: LearningCurve, number: int) -> Panel:
    rows = [(point.patients, point.loss, "measured") for point in curve.points]
    rows += [(one.patients, one.loss, "power law") for one in (curve.now, *curve.projections)]
    table = pd.DataFrame(
        [
            {
                "patients": n,
                "Brier score": loss["estimate"],
                "low": loss.get("low"),
                "high": loss.get("high"),
                "how": how,
            }
            for n, loss, how in rows
        ]
    )
    last = curve.projections[0]
    sentence = (
        f"Brier score of a ridge regression on factors and covariates, against the number of patients of the run that "
        f"it learns from; with {last.patients} patients it would be {interval(last.loss)}. Bars are 95% intervals."
    )
    return Panel(f"transport_learning_{number}", "Learning curve", _draw_learning(table), sentence, table)


def _draw_learning(table: pd.DataFrame) -> Figure:
    figure = new_figure(NARROW, 3.6)
    axes = figure.add_subplot()
    for number, (how, part) in enumerate(table.groupby("how")):
        _draw_points(axes, part, str(how), COLOURS[number])
    axes.set(xlabel="Training patients", ylabel="Brier score")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)
    return figure


def _draw_points(axes: Axes, part: pd.DataFrame, label: str, colour: str) -> None:
    n = part["patients"].to_numpy(dtype=np.float64)
    low, middle, high = (part[name].to_numpy(dtype=np.float64) for name in ("low", "Brier score", "high"))
    axes.vlines(n, low, high, color=colour, linewidth=2)
    axes.plot(n, middle, "o", color=colour, label=label)


def _percent(value: Estimate | None) -> str:
    return "" if value is None else f"{value['estimate']:.0%}"


def _cell(value: Estimate | None, sign: str = "") -> str:
    return "" if value is None else interval(value, sign, 2)
