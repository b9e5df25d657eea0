"""MLflow runs: the only file that imports mlflow."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from importlib.metadata import distributions
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from datamodules.split import Fold
from models.prediction import LONG, Prediction
from omics.cohort import cohort_digest, cohort_endpoints, cohort_spec
from stratomics.config import ExperimentConfig
from stratomics.evaluation import METRICS
from stratomics.evaluation.cases import cases_of
from stratomics.evaluation.metric import find_metric
from stratomics.run_directory import RunDirectory

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["Tracker"]

log = logging.getLogger(__name__)

PATIENT_TABLES = (
    "patients.parquet",
    "predictions.parquet",
    "factors.parquet",
    *(f"{name}.parquet" for name in LONG),
)


class Tracker:
    """One MLflow run a trip, one nested run a fold.

    When MLflow fails, the trip goes on: one warning says so, and everything stays in the run directory.

    Parameters
    ----------
    config, cohort
        Of the experiment.
    """

    def __init__(self, config: ExperimentConfig, cohort: MuData) -> None:
        self._config, self._cohort = config, cohort
        self._client: Any = None
        self._experiment = self._run = ""

    def __enter__(self) -> Self:
        self._guarded(self._start, required=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._guarded(lambda: self._client.set_terminated(self._run, "FAILED"))

    def fold(self, fold: Fold, predictions: Mapping[str, Prediction]) -> None:
        """Record one outer fold as a nested run: its sizes and every method's metrics on its test rows."""
        figures = self._figures(fold, predictions)
        self._guarded(lambda: self._fold(fold, figures))

    def finish(self, run: RunDirectory) -> None:
        """Record metrics and the run directory as artifacts, and close the run."""
        self._guarded(lambda: self._finish(run))

    def _guarded(self, action: Callable[[], None], *, required: bool = True) -> None:
        if required and self._client is None:
            return
        try:
            action()
        except Exception as error:  # noqa: BLE001  # whatever MLflow's many stores raise, the trip goes on
            self._client = None
            reason = str(error).strip().splitlines() or [type(error).__name__]
            log.warning(
                "MLflow at %s could not record (%s); everything stays in the run directory",
                self._config.tracking.uri,
                reason[0],
            )

    def _start(self) -> None:
        # MLflow reads these when it is imported: no telemetry, no chatter about its own tables.
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
        # A server out of reach is given up after seconds, not after MLflow's minutes.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
        logging.getLogger("alembic").setLevel(logging.WARNING)
        import mlflow
        from mlflow.data.code_dataset_source import CodeDatasetSource
        from mlflow.data.meta_dataset import MetaDataset
        from mlflow.entities import DatasetInput, InputTag

        tracking, spec = self._config.tracking, cohort_spec(self._cohort)
        client = mlflow.MlflowClient(tracking.uri)
        known = client.get_experiment_by_name(tracking.experiment)
        self._experiment = known.experiment_id if known else client.create_experiment(tracking.experiment)
        self._run = client.create_run(self._experiment, run_name=spec.name).info.run_id
        self._client = client
        for key, value in _flat(self._config.as_dict()).items():
            client.log_param(self._run, key, value)
        digest = cohort_digest(self._cohort)
        # MLflow keeps 36 characters of a digest; the whole one is a tag.
        dataset = MetaDataset(  # type: ignore[abstract]  # mlflow 3.17 leaves `profile` open itself
            CodeDatasetSource({}), name=spec.name, digest=digest[:36]
        )
        tag = InputTag("mlflow.data.context", "training")
        client.log_inputs(self._run, [DatasetInput(dataset._to_mlflow_entity(), [tag])])
        client.set_tag(self._run, "cohort_digest", digest)

    def _figures(self, fold: Fold, predictions: Mapping[str, Prediction]) -> dict[str, float]:
        endpoint = cohort_endpoints(self._cohort).decisive().take(fold.test)
        ids = self._cohort.obs_names.to_numpy(dtype=str)[fold.test]
        figures = {}
        for method, prediction in predictions.items():
            cases = cases_of(prediction, ids, endpoint)
            for key in METRICS[endpoint.kind]:
                value = find_metric(key).function(cases, np.ones((1, len(cases))))[0]
                figures[f"{method}.{key}"] = float(value)
        return figures

    def _fold(self, fold: Fold, figures: Mapping[str, float]) -> None:
        tags = {"mlflow.parentRunId": self._run}
        nested = self._client.create_run(self._experiment, run_name=fold.label, tags=tags).info.run_id
        sizes = {"train": len(fold.train), "test": len(fold.test)}
        for key, value in sizes.items():
            self._client.log_param(nested, key, value)
        for key, figure in figures.items():
            if np.isfinite(figure):
                self._client.log_metric(nested, key, figure)
        self._client.set_terminated(nested)

    def _finish(self, run: RunDirectory) -> None:
        figures = {key: run.metrics[key] for key in (run.endpoint, "baselines", "differences")}
        for key, value in _flat(figures).items():
            self._client.log_metric(self._run, key.removesuffix(".estimate"), value)
        hidden = () if self._config.tracking.patient_data else PATIENT_TABLES
        for path in sorted(p for p in run.path.rglob("*") if p.is_file() and p.name not in hidden):
            folder = path.parent.relative_to(run.path).as_posix()
            self._client.log_artifact(self._run, str(path), None if folder == "." else folder)
        self._log_environment()
        self._client.set_terminated(self._run)

    def _log_environment(self) -> None:
        installed = sorted({f"{d.metadata['Name']}=={d.version}" for d in distributions()}, key=str.lower)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "environment.txt"
            path.write_text("\n".join(installed) + "\n")
            self._client.log_artifact(self._run, str(path))


def _flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Write ``{"a": {"b": 1}}`` as ``{"a.b": 1}``."""
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat
