"""MLflow's store: a client that gives up soon, the runs that are known there, and a run brought back from it."""

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

__all__ = ["ENVIRONMENT", "NAME", "client_of", "current", "fetch", "named", "reason"]

NAME = "stratomics.run"
"""Tag that holds the name of the run directory."""

ENVIRONMENT = "environment.txt"
"""Artifact that is of the record and not of the run directory."""


def client_of(uri: str) -> Any:
    """MLflow's client of a store."""
    # MLflow reads these when it is imported: no telemetry, no chatter about its own tables and files.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    # A server out of reach is given up after seconds, not after MLflow's minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    import mlflow

    # Whoever imported it before us had it read nothing.
    logging.getLogger("mlflow").setLevel(os.environ["MLFLOW_LOGGING_LEVEL"])
    return mlflow.MlflowClient(database_url(uri))


@contextmanager
def current(uri: str) -> Iterator[None]:
    """Make a store MLflow's current one for a while: what logs models asks no client."""
    import mlflow

    declared = os.environ.get("MLFLOW_TRACKING_URI")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(database_url(uri))
    try:
        with warnings.catch_warnings():
            # MLflow 3.17 says so of classes of its own, when it imports them.
            warnings.filterwarnings("ignore", ".*Any type hint is inferred as AnyType.*")
            yield
    finally:
        mlflow.set_tracking_uri(before)
        # MLflow writes the current store into the environment too.
        if declared is None:
            os.environ.pop("MLFLOW_TRACKING_URI", None)


def named(client: Any, experiment: str, name: str, status: str) -> list[str]:
    """Ids of the runs of that name and status."""
    found = client.search_runs([experiment], f"tags.`{NAME}` = '{name}' and attributes.status = '{status}'")
    return [run.info.run_id for run in found]


def fetch(uri: str, run: str, folder: Path) -> Path:
    """Download the run directory that the MLflow run of id `run` holds into `folder`, and give its path there.

    Raises
    ------
    InputError
        If MLflow does not give it, or if the run holds none.
    """
    try:
        client = client_of(uri)
        tags = client.get_run(run).data.tags
        place: Path = folder / str(tags.get(NAME, run))
        place.mkdir()
        client.download_artifacts(run, "", str(place))
    except Exception as error:
        raise InputError(
            f"MLflow at {uri} does not give run {run} ({reason(error)}); name its store with --tracking.uri"
        ) from error
    if NAME not in tags:
        raise InputError(f"MLflow's run {run} at {uri} is no run of stratomics; name the parent of its folds")
    (place / ENVIRONMENT).unlink(missing_ok=True)
    return place


def reason(error: Exception) -> str:
    """First line of what an error says."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
