"""The checkpoint of a run that is not complete: a folder beside the run directory with the results of its tasks."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from models.ensemble.training_history import TRAINING_HISTORY
from models.prediction import Prediction
from omics.common.errors import InputError
from omics.common.files import read_parquet, replace_folder, staged_folder, write_bytes, write_parquet
from omics.common.manifest import MANIFEST, is_complete, write_manifest
from stratomics.experiment.tasks import FINAL, FitTask, FoldPredictions
from stratomics.runs.run_lock import BusyError, lock_file, locked

if TYPE_CHECKING:
    import pandas as pd

    from stratomics.explanation.outer_folds import FoldExplanation
    from stratomics.fitting.fitted import Fitted

__all__ = ["Checkpoint", "checkpoint_folder", "open_checkpoint", "remove_leftovers"]


@dataclass(frozen=True)
class Checkpoint:
    """The folder ``RUN.part/``, which remains when a run is stopped.

    ``folds/`` has one folder per finished task, which counts only if its files have the digests in its manifest.
    ``run.log`` has the log of every attempt. ``new/`` becomes the run directory.

    Attributes
    ----------
    path
        The folder.
    """

    path: Path

    @property
    def log(self) -> Path:
        """The log file; each attempt appends to it."""
        return self.path / "run.log"

    @property
    def new(self) -> Path:
        """The future run directory, empty at the beginning of each attempt."""
        return self.path / "new"

    def is_done(self, task: FitTask) -> bool:
        """Whether the results of a task are saved."""
        return is_complete(self._place(task))

    def save_fold(self, task: FitTask, result: FoldPredictions) -> None:
        """Save the result of an outer fold or control."""
        with staged_folder(self._place(task)) as staged:
            write_parquet(staged / TRAINING_HISTORY, result.training_history)
            for method, prediction in result.predictions.items():
                # The name of a method may contain the name of a view, which may have any characters.
                prediction.save(staged / quote(method, safe=" "))
            if result.explanation is not None:
                result.explanation.save(staged)
            write_manifest(staged, {})

    def explanation(self, task: FitTask) -> FoldExplanation | None:
        """Load what the model of an outer fold says; None if it was not explained."""
        from stratomics.explanation.outer_folds import FoldExplanation

        return FoldExplanation.load(self._place(task))

    def predictions(self, task: FitTask) -> dict[str, Prediction]:
        """Load the predictions of a task, by method."""
        folders = sorted(path for path in self._place(task).iterdir() if path.is_dir())
        return {unquote(path.name): Prediction.load(path) for path in folders}

    def concatenated(self, tasks: Iterable[FitTask]) -> dict[str, Prediction]:
        """Load the predictions of several tasks, concatenated, by method."""
        parts: dict[str, list[Prediction]] = {}
        for task in tasks:
            for method, prediction in self.predictions(task).items():
                parts.setdefault(method, []).append(prediction)
        return {method: Prediction.concatenate(predictions) for method, predictions in parts.items()}

    def save_final(self, model: Fitted) -> None:
        """Save the final model."""
        with staged_folder(self._place(FINAL)) as staged:
            model.save(staged)
            write_parquet(staged / TRAINING_HISTORY, model.training_history)
            write_manifest(staged, {})

    def load_model(self) -> Fitted:
        """Load the final model of stratomics."""
        from stratomics.fitting.fitted import Fitted

        return Fitted.load(self._place(FINAL))

    def training_history(self, task: FitTask) -> pd.DataFrame:
        """Load the training history of a task."""
        return read_parquet(self._place(task) / TRAINING_HISTORY)

    def copy_model(self, folder: Path) -> None:
        """Copy the files of the final models to `folder`, which must not exist."""
        folder.mkdir()
        for path in sorted(self._place(FINAL).iterdir()):
            if path.name not in (MANIFEST, TRAINING_HISTORY):
                write_bytes(folder / path.name, path.read_bytes())

    def _place(self, task: FitTask) -> Path:
        return self.path / "folds" / task.key


def checkpoint_folder(run: Path) -> Path:
    """Path of the checkpoint of `run`, ``RUN.part``."""
    return run.with_name(f"{run.name}.part")


def remove_leftovers(run: Path) -> None:
    """Remove the checkpoint of a complete run, if its process was killed before it removed the checkpoint.

    The checkpoint of an attempt to repeat a complete run has a folder ``new/`` and stays.
    """
    part = checkpoint_folder(run)
    if not run.exists() or not (part.exists() or lock_file(run).exists()):
        return
    try:
        with locked(run):
            if part.exists() and not Checkpoint(part).new.exists():
                shutil.rmtree(part)
    except BusyError:
        # Another process repeats the run.
        return


@contextmanager
def open_checkpoint(run: Path, tasks: Sequence[FitTask]) -> Iterator[Checkpoint]:
    """Open the checkpoint of `run`, and move its folder ``new/`` to `run` at the end of the context.

    The results of finished tasks remain when the attempt fails or is killed, and the next attempt continues from
    there. Nothing remains after an InputError while models are
    fitted, which another attempt would meet again.

    Parameters
    ----------
    run
        The run directory; the caller has its lock.
    tasks
        All tasks of the run.

    Yields
    ------
    Checkpoint
        The checkpoint.
    """
    checkpoint = Checkpoint(checkpoint_folder(run))
    old = checkpoint.path / "old"
    for path in (checkpoint.new, old):
        shutil.rmtree(path, ignore_errors=True)
    checkpoint.new.mkdir(parents=True)
    try:
        yield checkpoint
    except InputError:
        if not all(map(checkpoint.is_done, tasks)):
            shutil.rmtree(checkpoint.path)
        raise
    checkpoint.log.replace(checkpoint.new / checkpoint.log.name)
    replace_folder(checkpoint.new, run, old)
    shutil.rmtree(checkpoint.path)
