"""README's table: every method of the run that ``RUN`` names, and Kaplan-Meier on the same folds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.prediction import Prediction
from models.survival.kaplan_meier import kaplan_meier
from stratomics.evaluation.cases import cases_of
from stratomics.evaluation.comparison import compare
from stratomics.runs.run_directory import RunDirectory


def null_prediction(run: RunDirectory) -> Prediction:
    """Predict each test patient by the Kaplan-Meier curve of the training patients of their fold."""
    patients = run.patients.set_index("sample_id")
    event = patients["survival.event"].to_numpy(dtype=bool)
    time = patients["survival.time"].to_numpy(dtype=float)
    parts = []
    for (repeat, fold), table in run.predictions["stratomics"].patients.groupby(["repeat", "fold"]):
        training = ~patients.index.isin(table["sample_id"])
        times = np.unique(time[training])
        curve = np.asarray(kaplan_meier(event[training], time[training])(times)).reshape(-1)
        ids = table["sample_id"].to_numpy(dtype=str)
        curves = np.tile(curve, (len(ids), 1))
        parts.append(
            Prediction.of_survival(ids, np.zeros(len(ids)), times, curves).at(int(repeat), int(fold))
        )
    return Prediction.concatenate(parts)


def rows() -> Iterator[str]:
    if "RUN" not in os.environ:
        yield "skipped: set RUN to the run directory of tcga_acc that `make demo` prints"
        return
    run = RunDirectory(Path(os.environ["RUN"]))
    predictions = {**run.predictions, "kaplan_meier": null_prediction(run)}
    ids = run.patients["sample_id"].to_numpy(dtype=str)
    cases = {name: cases_of(prediction, ids, run.survival) for name, prediction in predictions.items()}
    content = compare(cases, "survival", "survival", "ibs", draws=1000, seed=1).to_json()
    for name in cases:
        metrics = content["survival"] if name == "stratomics" else content["baselines"][name]["survival"]
        difference = {} if name == "stratomics" else content["differences"][name]["survival"]["ibs"]
        ibs, concordance = (" ".join(f"{v:.3f}" for v in metrics[m].values()) for m in ("ibs", "harrell_c"))
        paired = " ".join(f"{v:+.3f}" for v in difference.values())
        yield f"{name}: IBS {ibs}; C {concordance}; difference in IBS {paired}"
