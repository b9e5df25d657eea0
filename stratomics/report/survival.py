"""What the report says and draws of a survival endpoint: risk groups and calibration of the curves."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from models.censoring import kaplan_meier
from models.prediction import Prediction
from omics.endpoints import Survival
from stratomics.report.figures import COLOURS
from stratomics.report.section import Panel, Section
from stratomics.run_directory import RunDirectory

__all__ = ["calibration", "risk_groups", "survival_facts"]

Array = NDArray[np.float64]

GROUPS = ("low risk", "middle risk", "high risk")


def survival_facts(run: RunDirectory) -> str:
    """Say how many events there are and how long patients were followed."""
    survival = run.survival
    median = float(np.median(survival.time[survival.observed]))
    return f"{survival.event.sum()} events, median time {median:.4g} {survival.unit}"


def risk_groups(run: RunDirectory) -> Section | None:
    """Draw Kaplan-Meier curves of thirds of the predicted risk; None where the endpoint is no survival."""
    if run.kind != Survival.kind:
        return None
    seen, ids = _seen(run)
    # A patient predicted in several repeats is one patient: repeats are averaged first.
    risk = run.predictions["stratomics"].patients.groupby("sample_id")["risk"].mean().loc[ids].to_numpy()
    sentence = _groups_sentence(risk, seen, _horizon(seen))
    panel = Panel("risk", draw_risk_groups(risk, seen), sentence, _groups_table(risk, seen))
    return Section("risk", "Risk groups", [panel])


def calibration(run: RunDirectory) -> Section | None:
    """Draw predicted against observed survival; None where the endpoint is no survival."""
    if run.kind != Survival.kind:
        return None
    seen, ids = _seen(run)
    horizon = _horizon(seen)
    predicted = _survival_at(run.predictions["stratomics"], horizon, ids)
    points = calibration_points(predicted, seen, horizon)
    table = pd.DataFrame(points, columns=["mean predicted survival", "low", "observed survival", "high"])
    table.insert(0, "third by prediction", ["lowest", "middle", "highest"])
    sentence = _calibration_sentence(predicted, seen, horizon)
    panel = Panel("calibration", draw_calibration(predicted, seen, horizon), sentence, table)
    return Section("calibration", "Calibration", [panel])


def _seen(run: RunDirectory) -> tuple[Survival, list[str]]:
    """Give the patients who have the endpoint, and their ids."""
    rows = np.flatnonzero(run.survival.observed)
    return run.survival.take(rows), list(run.sample_ids[rows])


def _horizon(seen: Survival) -> float:
    return float(np.median(seen.time[seen.event] if seen.event.any() else seen.time))


def _groups_table(risk: Array, survival: Survival) -> pd.DataFrame:
    """Kaplan-Meier survival and number at risk of each group whenever it falls."""
    groups, parts = thirds(risk), []
    for group, name in enumerate(GROUPS):
        members = groups == group
        curve = kaplan_meier(survival.event[members], survival.time[members])
        at_risk = (survival.time[members][:, None] >= curve.times).sum(axis=0)
        columns = {"time": curve.times, "survival": curve(curve.times), "at risk": at_risk}
        parts.append(pd.DataFrame({"group": name} | columns))
    return pd.concat(parts, ignore_index=True)


def draw_risk_groups(risk: Array, survival: Survival) -> Figure:
    """Kaplan-Meier curves of thirds of out-of-fold risk, with numbers at risk."""
    figure = Figure(figsize=(7, 4.2))
    axes = figure.add_subplot()
    groups = thirds(risk)
    ticks = np.linspace(0, survival.time.max(), 6)
    rows = []
    for group, name in enumerate(GROUPS):
        members = groups == group
        curve = kaplan_meier(survival.event[members], survival.time[members])
        times = np.concatenate([[0.0], curve.times])
        axes.step(
            times, curve(times), where="post", color=COLOURS[group], label=f"{name} (n = {members.sum()})"
        )
        rows.append([f"{name}:"] + [str(int((survival.time[members] >= tick).sum())) for tick in ticks])
    axes.set_ylim(0, 1.02)
    axes.set_xticks(ticks, [f"{tick:.4g}" for tick in ticks])
    axes.set_xlabel(f"time in {survival.unit}")
    axes.set_ylabel("Kaplan-Meier survival")
    axes.legend(frameon=False, loc="upper right")
    for line, (name, *counts) in enumerate(rows):
        height = -0.25 - 0.07 * line
        axes.text(-0.02, height, name, transform=axes.transAxes, ha="right", color=COLOURS[line])
        for tick, count in zip(ticks, counts, strict=True):
            axes.text(tick, height, count, transform=axes.get_xaxis_transform(), ha="center")
    axes.text(-0.02, -0.18, "at risk", transform=axes.transAxes, ha="right", style="italic")
    return figure


def draw_calibration(predicted: Array, survival: Survival, horizon: float) -> Figure:
    """Predicted against observed survival at one time, in thirds of the prediction."""
    figure = Figure(figsize=(4.2, 4.2))
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    for mean, low, observed, high in calibration_points(predicted, survival, horizon):
        axes.plot([mean, mean], [low, high], color=COLOURS[0], linewidth=2)
        axes.plot(mean, observed, "o", color=COLOURS[0])
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel(f"predicted survival at {horizon:.4g} {survival.unit}")
    axes.set_ylabel("Kaplan-Meier survival in the group")
    return figure


def calibration_points(
    predicted: Array, survival: Survival, horizon: float
) -> list[tuple[float, float, float, float]]:
    """(mean predicted, low, observed, high) per third; the interval is Greenwood's on the log-log scale."""
    points: list[tuple[float, float, float, float]] = []
    groups = thirds(predicted)
    for group in range(3):
        members = groups == group
        event, time = survival.event[members], survival.time[members]
        observed = float(kaplan_meier(event, time)(np.array([horizon]))[0])
        low, high = _log_log_interval(event, time, observed, horizon)
        points.append((float(predicted[members].mean()), low, observed, high))
    return points


def thirds(values: Array) -> NDArray[np.int64]:
    """Group 0, 1 or 2 of each patient by rank; ties go by the order of the table."""
    rank = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return (rank * 3) // len(values)


def _log_log_interval(
    event: NDArray[np.bool_], time: Array, observed: float, horizon: float
) -> tuple[float, float]:
    if observed in (0.0, 1.0):
        # Nobody, or everybody, had the event: an exact binomial bound among those still watched.
        bound = 0.025 ** (1.0 / max(int((time >= horizon).sum()), 1))
        return (bound, 1.0) if observed == 1.0 else (0.0, 1.0 - bound)
    times = np.unique(time[event & (time <= horizon)])
    deaths = np.array([(event & (time == t)).sum() for t in times])
    at_risk = np.array([(time >= t).sum() for t in times])
    greenwood = float((deaths / (at_risk * (at_risk - deaths))).sum())
    width = 1.96 * np.sqrt(greenwood) / abs(np.log(observed))
    return float(observed ** np.exp(width)), float(observed ** np.exp(-width))


def _survival_at(prediction: Prediction, horizon: float, ids: list[str]) -> Array:
    total, count = dict.fromkeys(ids, 0.0), dict.fromkeys(ids, 0)
    for part in prediction.curves():
        for patient, value in zip(part.sample_ids, part.survival(np.array([horizon]))[:, 0], strict=True):
            if patient in total:
                total[patient] += float(value)
                count[patient] += 1
    return np.array([total[patient] / count[patient] for patient in ids])


def _groups_sentence(risk: Array, survival: Survival, horizon: float) -> str:
    groups = thirds(risk)
    alive = [
        float(kaplan_meier(survival.event[groups == g], survival.time[groups == g])(np.array([horizon]))[0])
        for g in (0, 2)
    ]
    return (
        f"At {horizon:.4g} {survival.unit}, {alive[0]:.0%} of the third with the lowest predicted risk and "
        f"{alive[1]:.0%} of the third with the highest are alive or free of the event."
    )


def _calibration_sentence(predicted: Array, survival: Survival, horizon: float) -> str:
    points = calibration_points(predicted, survival, horizon)
    inside = sum(low <= mean <= high for mean, low, _, high in points)
    return (
        f"At {horizon:.4g} {survival.unit} (the median time of an event), the predicted survival lies inside "
        f"the 95% interval of the observed one in {inside} of {len(points)} groups."
    )
