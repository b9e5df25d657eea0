"""One MLflow run that is being written, its folds nested in it."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from models.prediction import LONG
from omics.common.files import file_digest
from omics.common.manifest import MANIFEST
from stratomics.config import TrackingConfig
from stratomics.tracking.log_model import log_model
from stratomics.tracking.mlflow_store import ENVIRONMENT, NAME, client_of, named

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from stratomics.runs.run_directory import RunDirectory

__all__ = ["PATIENT_TABLES", "Record"]

PATIENT_TABLES = (
    "patients.parquet",
    "predictions.parquet",
    "factors.parquet",
    *(f"{name}.parquet" for name in LONG),
)

MOST = 1000
"""Metrics, and a tenth as many parameters, that MLflow takes at once."""


@dataclass(frozen=True)
class Cohort:
    """Where patients came from.

    Attributes
    ----------
    name, digest
        Of the cohort.
    source
        As the configuration names it.
    evaluated_on
        Name of the cohort that is predicted, which may be another.
    """

    name: str
    digest: str
    source: str
    evaluated_on: str

    def dataset(self, patients: int, context: str, ids: Iterable[str] = ()) -> Any:
        """Give the input of a run, in MLflow's words: the cohort, or a part of it, with a digest of its patients."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        # MLflow keeps 36 characters of a digest; the whole one of the cohort is a tag.
        part = list(ids)
        digest = hashlib.sha256(json.dumps([self.digest, part]).encode()).hexdigest() if part else self.digest
        source, profile = json.dumps({"cohort": self.source}), json.dumps({"patients": patients})
        name = self.evaluated_on if context == "testing" else self.name
        dataset = Dataset(name, digest[:36], "stratomics", source, profile=profile)
        return DatasetInput(dataset, [InputTag("mlflow.data.context", context)])


@dataclass(frozen=True)
class Record:
    """An MLflow run that is being written. Whatever its store raises, it raises."""

    client: Any
    tracking: TrackingConfig
    experiment: str
    run: str
    cohort: Cohort

    @classmethod
    def begin(
        cls, tracking: TrackingConfig, name: str, keys: Mapping[str, Any], cohort: Cohort, patients: int
    ) -> Self:
        """Open the run called `name`, of so many patients."""
        client = client_of(tracking.uri)
        known = client.get_experiment_by_name(tracking.experiment)
        experiment = known.experiment_id if known else client.create_experiment(tracking.experiment)
        # What a killed attempt at this run left open will never go on; nested runs have no such name.
        for earlier in named(client, experiment, name, "RUNNING"):
            client.set_terminated(earlier, "KILLED")
        tags = {NAME: name, "cohort_digest": cohort.digest}
        run = client.create_run(experiment, run_name=cohort.name, tags=tags).info.run_id
        record = cls(client, tracking, experiment, run, cohort)
        record._log(run, params=_flat(keys))
        client.log_inputs(run, [cohort.dataset(patients, "training")])
        return record

    def fold(
        self,
        label: str,
        train: NDArray[np.str_],
        test: NDArray[np.str_],
        figures: Mapping[str, float],
        training_history: pd.DataFrame,
    ) -> None:
        """Write a nested run: ids of its patients, every method's metrics, and how its members' losses went."""
        tags = {"mlflow.parentRunId": self.run}
        both = {"training": train.tolist(), "testing": test.tolist()}
        nested = self.client.create_run(self.experiment, run_name=label, tags=tags).info.run_id
        parts = {context: own for context, own in both.items() if own}
        self.client.log_inputs(
            nested, [self.cohort.dataset(len(ids), context, ids) for context, ids in parts.items()]
        )
        sizes = {"train": len(train), "test": len(test)} if len(train) else {"test": len(test)}
        self._log(nested, sizes, [(k, v, 0) for k, v in figures.items()])
        self._log(nested, metrics=_steps(training_history))
        self.client.set_terminated(nested)

    def finish(self, run: RunDirectory) -> None:
        """Write metrics, the run directory, the environment and the final model, and close the run."""
        figures = _flat({key: run.metrics[key] for key in (run.endpoint, "baselines", "differences")})
        self._log(self.run, metrics=[(k.removesuffix(".estimate"), v, 0) for k, v in figures.items()])
        self._log(self.run, metrics=_steps(run.training_history(None)))
        hidden = () if self.tracking.patient_data else PATIENT_TABLES
        for path in sorted(p for p in run.path.rglob("*") if p.is_file() and p.name not in hidden):
            folder = path.parent.relative_to(run.path).as_posix()
            self.client.log_artifact(self.run, str(path), None if folder == "." else folder)
        if (run.path / MANIFEST).is_file():
            self.client.set_tag(self.run, "manifest_digest", file_digest(run.path / MANIFEST))
        self._log_environment()
        log_model(self.client, self.run, run, self.tracking)
        self.client.set_terminated(self.run)

    def fail(self) -> None:
        """Close the run as one that came to no end."""
        self.client.set_terminated(self.run, "FAILED")

    def _log(
        self,
        run: str,
        params: Mapping[str, Any] | None = None,
        metrics: Iterable[tuple[str, float, int]] = (),
    ) -> None:
        from mlflow.entities import Metric, Param

        now = int(time.time() * 1000)
        given = [Param(key, str(value)) for key, value in (params or {}).items()]
        for start in range(0, len(given), MOST // 10):
            self.client.log_batch(run, params=given[start : start + MOST // 10])
        found = [Metric(key, float(value), now, step) for key, value, step in metrics if np.isfinite(value)]
        for start in range(0, len(found), MOST):
            self.client.log_batch(run, metrics=found[start : start + MOST])

    def _log_environment(self) -> None:
        installed = sorted({f"{d.metadata['Name']}=={d.version}" for d in distributions()}, key=str.lower)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / ENVIRONMENT
            path.write_text("\n".join(installed) + "\n")
            self.client.log_artifact(self.run, str(path))


def _steps(training_history: pd.DataFrame) -> Iterator[tuple[str, float, int]]:
    """Give what a rehearsal of the members wrote down, as metrics over epochs."""
    for row in training_history.to_dict("records"):
        for what in ("training_loss", "validation_loss"):
            yield f"{what}.member{row['member']}", row[what], int(row["epoch"])


def _flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Write ``{"a": {"b": 1}}`` as ``{"a.b": 1}``."""
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat
