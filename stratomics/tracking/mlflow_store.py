"""The store of MLflow: a client with short timeouts, runs found by name, numbers written, and downloaded runs."""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from omics.common.errors import InputError
from stratomics.runtime.database_url import database_url

__all__ = [
    "DESCRIPTION",
    "ENVIRONMENT",
    "NAME",
    "PARENT",
    "client_of",
    "current_store",
    "download_run",
    "experiment_id",
    "find_runs",
    "finished_run",
    "first_line",
    "log_files",
    "log_numbers",
    "source_tags",
    "store_exists",
]

PARENT, DESCRIPTION = "mlflow.parentRunId", "mlflow.note.content"
"""MLflow's tags of a nested run, and with the description of a run."""

NAME = "stratomics.run"
"""Tag with the name of the run directory."""

ENVIRONMENT = "environment.txt"
"""Artifact with the installed packages, which is not part of the run directory."""

BATCH_SIZE = 1000
"""Limit of MLflow for the metrics in one call; for parameters it is a tenth of this."""

SQLITE = "sqlite:///"


def client_of(uri: str) -> Any:
    """Client of MLflow for a store."""
    # MLflow reads these when it is imported: no telemetry, no messages about its tables and files.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    # A server that does not answer is an error after seconds; the default of MLflow is minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    import mlflow

    # If MLflow was imported before, it has not read the level.
    logging.getLogger("mlflow").setLevel(os.environ["MLFLOW_LOGGING_LEVEL"])
    return mlflow.MlflowClient(database_url(uri))


def store_exists(uri: str) -> bool:
    """Whether a store may have records: False for an SQLite file that does not exist, which MLflow would create."""
    return not uri.startswith(SQLITE) or Path(uri.removeprefix(SQLITE)).is_file()


def experiment_id(client: Any, name: str) -> str:
    """Find an MLflow experiment, or create it.

    Parameters
    ----------
    client
        From :func:`client_of`.
    name
        Name of the experiment.

    Returns
    -------
    str
        Its id.
    """
    known = client.get_experiment_by_name(name)
    return str(known.experiment_id if known else client.create_experiment(name))


def source_tags(command: str) -> dict[str, str]:
    """Tags by which MLflow shows where a run comes from."""
    return {"mlflow.source.name": f"stratomics {command}", "mlflow.source.type": "LOCAL"}


def log_numbers(
    client: Any,
    run: str,
    params: Mapping[str, object] | None = None,
    metrics: Iterable[tuple[str, float, int]] = (),
) -> None:
    """Write parameters and metrics of an MLflow run, in as few calls as MLflow allows.

    Parameters
    ----------
    client
        From :func:`client_of`.
    run
        Id of the MLflow run.
    params
        Name -> value.
    metrics
        Name, value and step; values that are not finite are left out.
    """
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    all_params = [Param(key, str(value)) for key, value in (params or {}).items()]
    for start in range(0, len(all_params), BATCH_SIZE // 10):
        client.log_batch(run, params=all_params[start : start + BATCH_SIZE // 10])
    finite = [Metric(key, float(value), now, step) for key, value, step in metrics if np.isfinite(value)]
    for start in range(0, len(finite), BATCH_SIZE):
        client.log_batch(run, metrics=finite[start : start + BATCH_SIZE])


@contextmanager
def current_store(uri: str) -> Iterator[None]:
    """Make a store the current store of MLflow while the context lasts, since models are logged without a client."""
    import mlflow

    declared = os.environ.get("MLFLOW_TRACKING_URI")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(database_url(uri))
    try:
        with warnings.catch_warnings():
            # MLflow 3.17 warns about its own classes when it imports them.
            warnings.filterwarnings("ignore", ".*Any type hint is inferred as AnyType.*")
            yield
    finally:
        mlflow.set_tracking_uri(before)
        # MLflow also sets the environment variable.
        if declared is None:
            os.environ.pop("MLFLOW_TRACKING_URI", None)


def find_runs(client: Any, experiment: str, name: str, status: str, tag: str = NAME) -> list[str]:
    """Find runs by name and status.

    Parameters
    ----------
    client
        From :func:`client_of`.
    experiment
        Id of the MLflow experiment.
    name
        Name of the run directory.
    status
        Status of the MLflow run, such as ``FINISHED``.
    tag
        Tag that holds the name.

    Returns
    -------
    list of str
        Ids of the MLflow runs, the latest first.
    """
    runs = client.search_runs([experiment], f"tags.`{tag}` = '{name}' and attributes.status = '{status}'")
    return [run.info.run_id for run in runs]


def finished_run(client: Any, experiment: str, name: str, tag: str = NAME) -> str | None:
    """Find the finished record of a run.

    Parameters
    ----------
    client
        From :func:`client_of`.
    experiment
        Name of the MLflow experiment.
    name
        Name of the run directory.
    tag
        Tag that holds the name.

    Returns
    -------
    str or None
        Id of the MLflow run; None if there is no such record.
    """
    known = client.get_experiment_by_name(experiment)
    return (
        None
        if known is None
        else next(iter(find_runs(client, known.experiment_id, name, "FINISHED", tag)), None)
    )


def log_files(client: Any, run: str, folder: Path, hidden: Collection[str]) -> None:
    """Store the files of a folder as artifacts.

    Parameters
    ----------
    client
        From :func:`client_of`.
    run
        Id of the MLflow run.
    folder
        The folder.
    hidden
        Names of files to leave out.
    """
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in hidden):
        inner = path.parent.relative_to(folder).as_posix()
        client.log_artifact(run, str(path), None if inner == "." else inner)


def download_run(uri: str, run: str, folder: Path) -> Path:
    """Download the run directory of an MLflow run.

    Parameters
    ----------
    uri
        Store of MLflow.
    run
        Id of the MLflow run.
    folder
        Gets the run directory.

    Returns
    -------
    pathlib.Path
        The run directory in `folder`.

    Raises
    ------
    InputError
        If MLflow cannot be reached, or has no such run, or if the run has no run directory.
    """
    try:
        client = client_of(uri)
        tags = client.get_run(run).data.tags
        place: Path = folder / str(tags.get(NAME, run))
        place.mkdir()
        client.download_artifacts(run, "", str(place))
    except Exception as error:
        raise InputError(
            f"MLflow at {uri} has no run {run} ({first_line(error)}); name its store with --tracking.uri"
        ) from error
    if NAME not in tags:
        raise InputError(
            f"MLflow's run {run} at {uri} is not a run of stratomics; name the parent of its folds"
        )
    (place / ENVIRONMENT).unlink(missing_ok=True)
    return place


def first_line(error: Exception) -> str:
    """First line of the message of an error."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
