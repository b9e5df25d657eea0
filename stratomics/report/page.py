"""The page: saved tables in, one HTML file out that opens without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from models.censoring import kaplan_meier
from models.prediction import Prediction
from omics.endpoints import Survival
from omics.files import write_text
from omics.tables import look_up
from stratomics.evaluation import METRICS
from stratomics.evaluation.comparison import LABELS
from stratomics.evaluation.summary import honest_sentences, metric_label, rows
from stratomics.report import figures
from stratomics.run_directory import RunDirectory

__all__ = ["write_report"]


def write_report(run: RunDirectory) -> Path:
    """Write ``report.html`` into a run directory and return its path."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        # What comes from files, ids and column names included, is escaped.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    with figures.style():
        page = environment.get_template("report.html.j2").render(_content(run))
    path = run.path / "report.html"
    write_text(path, page)
    return path


def _content(run: RunDirectory) -> dict[str, Any]:
    metrics = run.metrics
    return {
        "provenance": run.provenance,
        "sentences": honest_sentences(metrics),
        "metric": metric_label(metrics["metric"]),
        "labels": {key: look_up(METRICS, key, "metric").label for key in METRICS},
        "methods": rows(metrics),
        "intervals": metrics["intervals"],
        "cohort": _cohort(run),
        "forests": _forests(run),
        **_curves(run),
    }


def _cohort(run: RunDirectory) -> dict[str, Any]:
    patients, survival = run.patients, run.survival
    views = {c.removeprefix("view."): patients[c] for c in patients.columns if c.startswith("view.")}
    counts = np.sum(list(views.values()), axis=0)
    predicted = run.predictions["stratomics"].patients["sample_id"].nunique()
    return {
        "n": len(patients),
        "predicted": predicted,
        "events": int(survival.event.sum()),
        "follow_up": float(np.median(survival.time[survival.observed])),
        "complete": int((counts == len(views)).sum()),
        "bare": int((counts == 0).sum()),
        "views": [(name, int(seen.sum()), int((~seen).sum())) for name, seen in views.items()],
        "covariates": [c.removeprefix("covariate.") for c in patients.columns if c.startswith("covariate.")],
    }


def _forests(run: RunDirectory) -> list[tuple[str, str]]:
    metrics, drawn = run.metrics, []
    methods = [metrics, *metrics["baselines"].values()]
    labels = [LABELS["stratomics"], *(LABELS.get(name, name) for name in metrics["baselines"])]
    for key in METRICS:
        entries = [method[metrics["endpoint"]][key] for method in methods]
        best = (max if look_up(METRICS, key, "metric").higher_is_better else min)(
            range(len(entries)), key=lambda i: entries[i]["estimate"]
        )
        sentence = f"{metric_label(key)}: the best estimate here is that of {labels[best]}."
        drawn.append((figures.svg(figures.forest(labels, entries, metric_label(key))), sentence))
    return drawn


def _curves(run: RunDirectory) -> dict[str, Any]:
    survival = run.survival
    rows = np.flatnonzero(survival.observed)
    seen, ids = survival.take(rows), run.sample_ids[rows]
    prediction = run.predictions["stratomics"]
    # A patient predicted in several repeats is one patient: repeats are averaged first.
    risk = prediction.patients.groupby("sample_id")["risk"].mean().loc[list(ids)].to_numpy()
    horizon = float(np.median(seen.time[seen.event]))
    predicted = _survival_at(prediction, horizon, list(ids))
    return {
        "kaplan_meier": figures.svg(figures.risk_groups(risk, seen)),
        "kaplan_meier_sentence": _groups_sentence(risk, seen, horizon),
        "calibration": figures.svg(figures.calibration(predicted, seen, horizon)),
        "calibration_sentence": _calibration_sentence(predicted, seen, horizon),
    }


def _survival_at(
    prediction: Prediction, horizon: float, ids: list[str]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    total, count = dict.fromkeys(ids, 0.0), dict.fromkeys(ids, 0)
    for part in prediction.curves():
        for patient, value in zip(part.sample_ids, part.survival(np.array([horizon]))[:, 0], strict=True):
            if patient in total:
                total[patient] += float(value)
                count[patient] += 1
    return np.array([total[patient] / count[patient] for patient in ids])


def _groups_sentence(risk: Any, survival: Survival, horizon: float) -> str:
    groups = figures.thirds(risk)
    alive = [
        float(kaplan_meier(survival.event[groups == g], survival.time[groups == g])(np.array([horizon]))[0])
        for g in (0, 2)
    ]
    return (
        f"At {horizon:.4g} {survival.unit}, {alive[0]:.0%} of the third with the lowest predicted risk and "
        f"{alive[1]:.0%} of the third with the highest are alive or free of the event."
    )


def _calibration_sentence(predicted: Any, survival: Survival, horizon: float) -> str:
    points = figures.calibration_points(predicted, survival, horizon)
    inside = sum(low <= mean <= high for mean, low, _, high in points)
    return (
        f"At {horizon:.4g} {survival.unit} (the median time of an event), the predicted survival lies inside "
        f"the 95% interval of the observed one in {inside} of {len(points)} groups."
    )
