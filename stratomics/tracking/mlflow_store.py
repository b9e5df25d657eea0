"""The store of MLflow: a client with short timeouts, runs found by name, and downloaded runs."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omics.common.errors import InputError
from stratomics.runtime.database_url import database_url

__all__ = ["ENVIRONMENT", "NAME", "client_of", "current_store", "download_run", "find_runs", "first_line"]

NAME = "stratomics.run"
"""Tag with the name of the run directory."""

ENVIRONMENT = "environment.txt"
"""Artifact with the installed packages, which is not part of the run directory."""


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


def find_runs(client: Any, experiment: str, name: str, status: str) -> list[str]:
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

    Returns
    -------
    list of str
        Ids of the MLflow runs.
    """
    runs = client.search_runs([experiment], f"tags.`{NAME}` = '{name}' and attributes.status = '{status}'")
    return [run.info.run_id for run in runs]


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
