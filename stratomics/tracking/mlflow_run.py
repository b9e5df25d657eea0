"""Write one MLflow run, with one nested run per outer fold."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from models.prediction import LONG
from omics.common.files import JsonObject
from stratomics.config import TrackingConfig
from stratomics.explanation.store import PATIENT_FILES
from stratomics.pharmacology.run_exposure import EXPOSURE_FILES
from stratomics.pharmacology.tumour_store import FORECASTS
from stratomics.strata.biology.store import ACTIVITY
from stratomics.tracking.log_model import log_model
from stratomics.tracking.log_results import REWRITTEN, log_results
from stratomics.tracking.metric_names import evaluation_metrics, loss_metrics
from stratomics.tracking.mlflow_store import (
    ENVIRONMENT,
    NAME,
    PARENT,
    client_of,
    experiment_id,
    find_runs,
    log_files,
    log_numbers,
    source_tags,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from stratomics.runs.run_directory import RunDirectory

__all__ = ["PATIENT_TABLES", "CohortSource", "FoldRecord", "MlflowRun"]

PATIENT_TABLES = (
    "patients.parquet",
    "predictions.parquet",
    "factors.parquet",
    *(f"{name}.parquet" for name in LONG),
    *PATIENT_FILES,
    *EXPOSURE_FILES,
    "pgx.parquet",
    ACTIVITY,
    FORECASTS,
)
"""Files with rows of single patients, which are not recorded with ``patient_data: false``."""


@dataclass(frozen=True)
class CohortSource:
    """Identity of the patients of a run.

    Attributes
    ----------
    name, digest
        Name and digest of the cohort.
    source
        The cohort as the configuration names it.
    evaluated_on
        Name of the predicted cohort; it differs for an external cohort.
    """

    name: str
    digest: str
    source: str
    evaluated_on: str

    def dataset(self, patients: int, context: str, ids: Iterable[str] = ()) -> Any:
        """Make MLflow's description of an input: the cohort or a part of it, with a digest of its patients.

        Parameters
        ----------
        patients
            Number of patients.
        context
            ``training`` or ``testing``.
        ids
            Ids of the patients, if they are a part of the cohort.
        """
        from mlflow.entities import Dataset, DatasetInput, InputTag

        # MLflow stores 36 characters of a digest; a tag has the complete digest of the cohort.
        part = list(ids)
        digest = hashlib.sha256(json.dumps([self.digest, part]).encode()).hexdigest() if part else self.digest
        source, profile = json.dumps({"cohort": self.source}), json.dumps({"patients": patients})
        name = self.evaluated_on if context == "testing" else self.name
        dataset = Dataset(name, digest[:36], "stratomics", source, profile=profile)
        return DatasetInput(dataset, [InputTag("mlflow.data.context", context)])


@dataclass(frozen=True)
class FoldRecord:
    """The record of one outer fold.

    Attributes
    ----------
    label
        Name of the fold.
    train, test
        Ids of its patients.
    metrics
        Name, as of the whole run, -> value on the test patients.
    training_history
        Losses of the members by epoch.
    """

    label: str
    train: NDArray[np.str_]
    test: NDArray[np.str_]
    metrics: Mapping[str, float]
    training_history: pd.DataFrame


@dataclass(frozen=True)
class MlflowRun:
    """An open MLflow run. Its methods raise the errors of the store.

    Attributes
    ----------
    client
        MLflow's client.
    tracking
        Store and settings.
    experiment, run
        Ids of the MLflow experiment and of the MLflow run.
    cohort
        The patients.
    """

    client: Any
    tracking: TrackingConfig
    experiment: str
    run: str
    cohort: CohortSource

    @classmethod
    def begin(
        cls, tracking: TrackingConfig, name: str, keys: Mapping[str, Any], cohort: CohortSource, patients: int
    ) -> Self:
        """Open an MLflow run.

        Parameters
        ----------
        tracking
            Store and experiment.
        name
            Name of the run directory.
        keys
            Keys of the configuration.
        cohort
            The patients.
        patients
            Number of evaluated patients.
        """
        client = client_of(tracking.uri)
        experiment = experiment_id(client, tracking.experiment)
        # A killed attempt at this run left its MLflow run open; nested runs do not have the tag with the name.
        for earlier in find_runs(client, experiment, name, "RUNNING"):
            client.set_terminated(earlier, "KILLED")
        tags = {NAME: name, "cohort_digest": cohort.digest, **source_tags("run")}
        run = client.create_run(experiment, run_name=name, tags=tags).info.run_id
        opened = cls(client, tracking, experiment, run, cohort)
        log_numbers(client, run, _flat(keys))
        client.log_inputs(run, [cohort.dataset(patients, "training")])
        return opened

    def log_fold(self, fold: FoldRecord) -> None:
        """Write a nested run: ids of the patients, metrics of all methods, and losses of the members."""
        tags = {PARENT: self.run, **source_tags("run")}
        both = {"training": fold.train.tolist(), "testing": fold.test.tolist()}
        nested = self.client.create_run(self.experiment, run_name=fold.label, tags=tags).info.run_id
        parts = {context: ids for context, ids in both.items() if ids}
        self.client.log_inputs(
            nested, [self.cohort.dataset(len(ids), context, ids) for context, ids in parts.items()]
        )
        sizes = {"train": len(fold.train), "test": len(fold.test)}
        if not sizes["train"]:
            del sizes["train"]
        log_numbers(self.client, nested, sizes, [(key, value, 0) for key, value in fold.metrics.items()])
        log_numbers(self.client, nested, metrics=loss_metrics(fold.training_history))
        self.client.set_terminated(nested)

    def finish(self, run: RunDirectory) -> None:
        """Write metrics, the run directory, the environment and the final model, and close the run."""
        metrics = evaluation_metrics(run.metrics, run.endpoint)
        log_numbers(self.client, self.run, metrics=[(name, value, 0) for name, value in metrics])
        log_numbers(self.client, self.run, metrics=loss_metrics(run.training_history(None)))
        hidden = () if self.tracking.patient_data else PATIENT_TABLES
        log_files(self.client, self.run, run.path, {*hidden, *REWRITTEN})
        log_results(self.client, self.run, run)
        self._log_environment()
        log_model(self.client, self.run, run, self.tracking)
        self.client.set_terminated(self.run)

    def fail(self) -> None:
        """Close the run with the status FAILED."""
        self.client.set_terminated(self.run, "FAILED")

    def _log_environment(self) -> None:
        installed = sorted({f"{d.metadata['Name']}=={d.version}" for d in distributions()}, key=str.lower)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / ENVIRONMENT
            path.write_text("\n".join(installed) + "\n")
            self.client.log_artifact(self.run, str(path))


def _flat(nested: Mapping[str, Any], prefix: str = "") -> JsonObject:
    """Name nested keys by their path.

    Examples
    --------
    >>> _flat({"a": {"b": 1}})
    {'a.b': 1}
    """
    names: JsonObject = {}
    for key, value in nested.items():
        names |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return names
