"""Add to the record that MLflow has of a finished run: new results of `enrich` and `report`, summaries of `predict`.

A run without a record is left alone; `stratomics log` makes one. When MLflow fails, the command continues.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stratomics.config import TrackingConfig
from stratomics.runs.run_directory import RunDirectory
from stratomics.tracking.find_run import is_mlflow_run
from stratomics.tracking.log_results import log_results
from stratomics.tracking.mlflow_store import (
    PARENT,
    client_of,
    finished_run,
    first_line,
    log_numbers,
    source_tags,
    store_exists,
)

__all__ = ["PredictionSummary", "record_predictions", "update_record"]

log = logging.getLogger(__name__)

LEAST = 10
"""Patients from which on means are recorded: the mean of few would say much about each of them."""


@dataclass(frozen=True)
class PredictionSummary:
    """Summary of the predictions of new patients, without data of single patients.

    Attributes
    ----------
    cohort, method
        The cohort as the command names it, and the method that predicted.
    numbers
        ``patients``, ``abstained``, ``differences_from_training``.
    means
        Column of the table of predictions -> its mean over the patients.
    """

    cohort: str
    method: str
    numbers: Mapping[str, int]
    means: Mapping[str, float]


@dataclass(frozen=True)
class _Record:
    """The MLflow run of a finished run."""

    client: Any
    mlflow_run: str


def update_record(run: RunDirectory) -> None:
    """Write the report, the verdict and the enrichment of a run into its record, as its folder holds them now.

    Parameters
    ----------
    run
        A run directory.
    """
    with _continued(
        run.path, "everything stays in the run directory, and `stratomics log RUN` sends it later"
    ):
        if (record := _record_of(run)) is not None:
            log_results(record.client, record.mlflow_run, run)


def record_predictions(place: str, uri: str | None, summary: PredictionSummary) -> None:
    """Add a nested run with the summary of predictions to the record of the run that predicted.

    Parameters
    ----------
    place
        A run directory, the id of an MLflow run, or the folder of a model, which has no record.
    uri
        Store of MLflow, for an id; by default that of the default configuration.
    summary
        The summary.
    """
    with _continued(place, "the tables of predictions are complete"):
        record = (
            _Record(client_of(uri or TrackingConfig().uri), place)
            if is_mlflow_run(place)
            else _record_of(RunDirectory(Path(place)))
        )
        if record is not None:
            _log_predictions(record, summary)


def _record_of(run: RunDirectory) -> _Record | None:
    if not run.finished:
        return None
    tracking = TrackingConfig(**run.config.get("tracking", {}))
    if not store_exists(tracking.uri):
        return None
    client = client_of(tracking.uri)
    known = finished_run(client, tracking.experiment, run.path.resolve().name)
    return None if known is None else _Record(client, known)


def _log_predictions(record: _Record, summary: PredictionSummary) -> None:
    client = record.client
    experiment = client.get_run(record.mlflow_run).info.experiment_id
    name = f"predict {Path(summary.cohort).name}"
    tags = {PARENT: record.mlflow_run, **source_tags("predict")}
    nested = client.create_run(experiment, run_name=name, tags=tags).info.run_id
    numbers = {f"prediction/{key}": float(value) for key, value in summary.numbers.items()}
    many = summary.numbers["patients"] >= LEAST
    means = {f"prediction/mean/{column}": value for column, value in summary.means.items() if many}
    metrics = [(key, value, 0) for key, value in (numbers | means).items()]
    log_numbers(client, nested, {"cohort": summary.cohort, "method": summary.method}, metrics)
    client.set_terminated(nested)


@contextmanager
def _continued(place: str | Path, consequence: str) -> Iterator[None]:
    """Turn a failure of MLflow into a warning."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # the stores of MLflow raise many kinds of errors
        log.warning("%s: MLflow could not record (%s); %s", place, first_line(error), consequence)
