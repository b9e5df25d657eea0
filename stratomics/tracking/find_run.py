"""Where a run is: a run directory, or what MLflow holds of one, brought to a temporary place for a while."""

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
    """Whether `word` is the id of an MLflow run, and no folder of that name is here.

    Examples
    --------
    >>> is_mlflow_run("6f562b6d9ac84742bd9e6d9e664fe0b0"), is_mlflow_run("runs/small-aa9bd9f5be")
    (True, False)
    """
    return re.fullmatch(r"[0-9a-f]{32}", word) is not None and not Path(word).exists()


@contextmanager
def open_run(word: str, uri: str | None) -> Iterator[Path]:
    """Give the run directory that `word` names.

    Parameters
    ----------
    word
        A run directory, or the id of an MLflow run, whose artifacts are there as long as the context lasts.
    uri
        MLflow's store; that of a default configuration if None.

    Raises
    ------
    InputError
        If MLflow does not give it.
    """
    if not is_mlflow_run(word):
        yield Path(word)
        return
    from stratomics.tracking.mlflow_store import fetch

    with TemporaryDirectory(prefix="stratomics-") as folder:
        run = fetch(uri or TrackingConfig().uri, word, Path(folder))
        if not (run / "patients.parquet").is_file():
            log.warning(
                "MLflow's run %s holds no table with a row per patient (tracking.patient_data: false); "
                "only its run directory has them",
                word,
            )
        yield run
