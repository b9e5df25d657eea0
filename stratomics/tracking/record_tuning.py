"""Record a finished tuning in MLflow: one run with the recommended settings, and one nested run per study."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omics.common.files import JsonObject, read_json, read_parquet
from stratomics.config import TrackingConfig
from stratomics.report.text.metrics import interval, metric_label
from stratomics.runtime.versions import PROJECT
from stratomics.tracking.metric_names import evaluation_metrics
from stratomics.tracking.mlflow_run import PATIENT_TABLES
from stratomics.tracking.mlflow_store import (
    DESCRIPTION,
    PARENT,
    client_of,
    experiment_id,
    find_runs,
    finished_run,
    first_line,
    log_files,
    log_numbers,
    source_tags,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["record_tuning"]

log = logging.getLogger(__name__)

TUNING = "stratomics.tuning"
"""Tag with the name of the folder of a tuning."""

ALL = "all patients"
"""Name of the study that recommends the settings."""


def record_tuning(folder: Path, tracking: TrackingConfig) -> None:
    """Record a finished tuning, unless MLflow has it already; when MLflow fails, there is a warning.

    Parameters
    ----------
    folder
        Folder of the tuning.
    tracking
        Store and experiment.
    """
    try:
        _record(folder, tracking)
    except Exception as error:  # noqa: BLE001  # the stores of MLflow raise many kinds of errors
        log.warning(
            "MLflow at %s could not record (%s); everything stays in %s, and the same command records it later",
            tracking.uri,
            first_line(error),
            folder,
        )


def _record(folder: Path, tracking: TrackingConfig) -> None:
    client, name = client_of(tracking.uri), folder.resolve().name
    if finished_run(client, tracking.experiment, name, TUNING) is not None:
        return
    experiment = experiment_id(client, tracking.experiment)
    for earlier in find_runs(client, experiment, name, "RUNNING", TUNING):
        client.set_terminated(earlier, "KILLED")
    tuned, metrics = read_json(folder / "tune.json"), read_json(folder / "metrics.json")
    tags = {
        TUNING: name,
        "cohort_digest": str(tuned["cohort_digest"]),
        "stratomics.version": str(tuned["packages"].get(PROJECT)),
        DESCRIPTION: _description(tuned, metrics),
        **source_tags("tune"),
    }
    run = client.create_run(experiment, run_name=name, tags=tags).info.run_id
    numbers = evaluation_metrics(metrics, metrics["endpoint"])
    params = {"trials": tuned["trials"], "objective": ",".join(tuned["objective"])}
    log_numbers(client, run, params | tuned["recommended"]["values"], [(key, x, 0) for key, x in numbers])
    trials = read_parquet(folder / "trials.parquet")
    for label, best in {ALL: tuned["recommended"], **tuned["outer"]}.items():
        _log_study(client, experiment, run, label, best, trials[trials["study"] == label], tuned["objective"])
    log_files(client, run, folder, () if tracking.patient_data else PATIENT_TABLES)
    client.set_terminated(run)


def _log_study(
    client: Any,
    experiment: str,
    parent: str,
    label: str,
    best: JsonObject,
    trials: pd.DataFrame,
    objective: list[str],
) -> None:
    """Write a nested run: the best settings of the study, and the metrics of its complete trials by their number."""
    tags = {PARENT: parent, **source_tags("tune")}
    nested = client.create_run(experiment, run_name=f"study of {label}", tags=tags).info.run_id
    complete = trials[trials["state"] == "complete"]
    metrics = [
        (f"study/{metric}", row[metric], int(row["trial"]))
        for row in complete.to_dict("records")
        for metric in objective
    ]
    log_numbers(client, nested, {**best["values"], "best_trial": best["trial"]}, metrics)
    client.set_terminated(nested)


def _description(tuned: JsonObject, metrics: JsonObject) -> str:
    score, metric = tuned["nested_score"], metrics["metric"]
    gain = interval(score["minus_untuned"], "+")
    values = tuned["recommended"]["values"].items()
    lines = [
        f"Tuning with {tuned['trials']} trials in each study.",
        f"{metric_label(metric)} on test rows that no study used: {interval(score)}.",
        f"Difference from the untuned configuration: {gain}.",
        "Recommended settings (best.yaml):",
        "\n".join(f"- `{key}`: {value}" for key, value in values),
    ]
    return "\n\n".join(lines)
