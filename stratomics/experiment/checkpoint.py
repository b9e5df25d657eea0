"""A run that is not finished: its folder beside the run directory, and the folds that are done."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from stratomics.experiment.tasks import FINAL, FitTask
from stratomics.runs.run_lock import BusyError, held, lock_of

if TYPE_CHECKING:
    import pandas as pd

    from stratomics.baselines.trees import BoostedTrees
    from stratomics.fitting.fitted import Fitted

__all__ = ["Checkpoint", "checkpoint_folder", "open_checkpoint", "remove_leftovers"]


@dataclass(frozen=True)
class Checkpoint:
    """``RUN.part/``: what outlives a stop in the middle.

    ``folds/`` holds a folder for each fit that is done, which is believed only while its files have the digests that
    its manifest names; ``run.log`` tells of every attempt; ``new/`` becomes the run directory.
    """

    path: Path

    @property
    def log(self) -> Path:
        """The log, to which each attempt adds."""
        return self.path / "run.log"

    @property
    def new(self) -> Path:
        """The run directory in the making, empty at the beginning of each attempt."""
        return self.path / "new"

    def has(self, task: FitTask) -> bool:
        """Whether a task is done."""
        return is_complete(self._place(task))

    def keep(
        self, task: FitTask, predictions: Mapping[str, Prediction], training_history: pd.DataFrame
    ) -> None:
        """Keep every method's predictions of a task, and the course of our training."""
        with staged_folder(self._place(task)) as aside:
            write_parquet(aside / TRAINING_HISTORY, training_history)
            for method, prediction in predictions.items():
                # A method may be named after a view, which may be called anything.
                prediction.save(aside / quote(method, safe=" "))
            write_manifest(aside, {})

    def predictions(self, task: FitTask) -> dict[str, Prediction]:
        """Give what :meth:`keep` kept."""
        folders = sorted(path for path in self._place(task).iterdir() if path.is_dir())
        return {unquote(path.name): Prediction.load(path) for path in folders}

    def together(self, tasks: Iterable[FitTask]) -> dict[str, Prediction]:
        """Give what was kept of all `tasks` together."""
        parts: dict[str, list[Prediction]] = {}
        for task in tasks:
            for method, prediction in self.predictions(task).items():
                parts.setdefault(method, []).append(prediction)
        return {method: Prediction.concatenate(own) for method, own in parts.items()}

    def keep_model(self, model: Fitted, trees: Sequence[BoostedTrees]) -> None:
        """Keep the final model, and the trees fitted beside it."""
        with staged_folder(self._place(FINAL)) as aside:
            models: list[Fitted | BoostedTrees] = [model, *trees]
            for own in models:
                own.save(aside)
            write_parquet(aside / TRAINING_HISTORY, model.training_history)
            write_manifest(aside, {})

    def model(self) -> Fitted:
        """Give what :meth:`keep_model` kept."""
        from stratomics.fitting.fitted import Fitted

        return Fitted.load(self._place(FINAL))

    def training_history(self, task: FitTask) -> pd.DataFrame:
        """Give the course of our training that was kept with a task."""
        return read_parquet(self._place(task) / TRAINING_HISTORY)

    def copy_model(self, folder: Path) -> None:
        """Copy the files of the final model to `folder`."""
        folder.mkdir()
        for path in sorted(self._place(FINAL).iterdir()):
            if path.name not in (MANIFEST, TRAINING_HISTORY):
                write_bytes(folder / path.name, path.read_bytes())

    def _place(self, task: FitTask) -> Path:
        return self.path / "folds" / task.key


def checkpoint_folder(run: Path) -> Path:
    """Where `run` is worked on."""
    return run.with_name(f"{run.name}.part")


def remove_leftovers(run: Path) -> None:
    """Remove what a process left that was killed after its run had taken its place, but before it had tidied up.

    An attempt at repeating a finished run has its ``new/``, and stays.
    """
    part = checkpoint_folder(run)
    if not run.exists() or not (part.exists() or lock_of(run).exists()):
        return
    try:
        with held(run):
            if part.exists() and not Checkpoint(part).new.exists():
                shutil.rmtree(part)
    except BusyError:
        # Somebody repeats it.
        return


@contextmanager
def open_checkpoint(run: Path) -> Iterator[Checkpoint]:
    """Give the place of an attempt at `run`, which takes its place in the end; the run has to be held.

    What is done stays when the attempt fails or is killed, and the next one goes on from there. Input that cannot
    be right would only fail again, and leaves nothing behind.
    """
    attempt = Checkpoint(checkpoint_folder(run))
    old = attempt.path / "old"
    for path in (attempt.new, old):
        shutil.rmtree(path, ignore_errors=True)
    attempt.new.mkdir(parents=True)
    try:
        yield attempt
    except InputError:
        shutil.rmtree(attempt.path)
        raise
    attempt.log.replace(attempt.new / attempt.log.name)
    replace_folder(attempt.new, run, old)
    shutil.rmtree(attempt.path)
