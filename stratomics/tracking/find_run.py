"""Find a run by its run directory, or by the id of its MLflow run, which is downloaded to a temporary folder."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from stratomics.config import TrackingConfig

__all__ = ["is_mlflow_run", "open_run"]

log = logging.getLogger(__name__)


def is_mlflow_run(word: str) -> bool:
    """Whether `word` has the form of an id of an MLflow run and is not a folder.

    Examples
    --------
    >>> is_mlflow_run("6f562b6d9ac84742bd9e6d9e664fe0b0"), is_mlflow_run("runs/small-aa9bd9f5be")
    (True, False)
    """
    return re.fullmatch(r"[0-9a-f]{32}", word) is not None and not Path(word).exists()


@contextmanager
def open_run(word: str, uri: str | None) -> Iterator[Path]:
    """Open the run directory that `word` names.

    Parameters
    ----------
    word
        A run directory, or the id of an MLflow run, which is downloaded and removed at the end of the context.
    uri
        Store of MLflow; by default that of the default configuration.

    Yields
    ------
    pathlib.Path
        The run directory.

    Raises
    ------
    InputError
        If MLflow has no such run.
    """
    if not is_mlflow_run(word):
        yield Path(word)
        return
    from stratomics.tracking.mlflow_store import download_run

    with TemporaryDirectory(prefix="stratomics-") as folder:
        run = download_run(uri or TrackingConfig().uri, word, Path(folder))
        if not (run / "patients.parquet").is_file():
            log.warning(
                "MLflow's run %s has no table with one row per patient (tracking.patient_data: false); "
                "only its run directory has these tables",
                word,
            )
        yield run
