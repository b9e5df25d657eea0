"""MLflow runs: the only file that imports mlflow."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from datamodules.split import Fold
from models.prediction import LONG, Prediction
from omics.cohort import cohort_digest, cohort_endpoints, cohort_spec
from omics.endpoints import Response, Survival
from omics.errors import InputError
from omics.files import file_digest
from omics.manifest import MANIFEST
from stratomics.config import ExperimentConfig, TrackingConfig
from stratomics.database import database_url
from stratomics.evaluation import METRICS
from stratomics.evaluation.cases import cases_of
from stratomics.evaluation.metric import find_metric
from stratomics.run_directory import RunDirectory

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["Tracker", "send"]

log = logging.getLogger(__name__)

PATIENT_TABLES = (
    "patients.parquet",
    "predictions.parquet",
    "factors.parquet",
    *(f"{name}.parquet" for name in LONG),
)

NAME = "stratomics.run"
"""Tag that holds the name of the run directory."""


class Tracker:
    """One MLflow run a trip, one nested run a fold.

    When MLflow fails, the trip goes on: one warning says so, everything stays in the run directory, and :func:`send`
    records it later.

    Parameters
    ----------
    config, cohort
        Of the experiment.
    name
        Of the run directory.
    """

    def __init__(self, config: ExperimentConfig, cohort: MuData, name: str) -> None:
        self._config, self._cohort, self._name = config, cohort, name
        self._record: _Record | None = None

    def __enter__(self) -> Self:
        cohort, digest = cohort_spec(self._cohort).name, cohort_digest(self._cohort)
        keys, tracking = self._config.as_dict(), self._config.tracking

        def begin() -> None:
            self._record = _Record.begin(tracking, self._name, keys, cohort, digest)

        self._guarded(begin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and (record := self._record) is not None:
            self._guarded(record.fail)

    def fold(self, fold: Fold, predictions: Mapping[str, Prediction]) -> None:
        """Record one outer fold as a nested run: its sizes and every method's metrics on its test rows."""
        if (record := self._record) is None:
            return
        ids = self._cohort.obs_names.to_numpy(dtype=str)[fold.test]
        figures = _figures(predictions, ids, cohort_endpoints(self._cohort).decisive().take(fold.test))
        sizes = {"train": len(fold.train), "test": len(fold.test)}
        self._guarded(lambda: record.fold(fold.label, sizes, figures))

    def finish(self, run: RunDirectory) -> None:
        """Record metrics and the run directory as artifacts, and close the run."""
        if (record := self._record) is not None:
            self._guarded(lambda: record.finish(run))

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001  # whatever MLflow's many stores raise, the trip goes on
            self._record = None
            log.warning(
                "MLflow at %s could not record (%s); everything stays in the run directory, and "
                "`stratomics log RUN` sends it later",
                self._config.tracking.uri,
                _reason(error),
            )


def send(run: RunDirectory, tracking: TrackingConfig) -> str:
    """Record a finished run in MLflow as the trip itself would have done, and give the id of its MLflow run.

    One that is recorded whole under this name already is not recorded twice.

    Raises
    ------
    InputError
        If MLflow cannot record it.
    """
    facts = run.provenance
    name, cohort, digest = run.path.resolve().name, str(facts["cohort"]), str(facts["cohort_digest"])
    folds = [(fold, sizes, _figures(*cases)) for fold, sizes, cases in _folds(run)]
    try:
        if (known := _finished(tracking, name)) is not None:
            return known
        record = _Record.begin(tracking, name, run.config, cohort, digest)
        for label, sizes, figures in folds:
            record.fold(label, sizes, figures)
        record.finish(run)
    except Exception as error:
        sentence = f"MLflow at {tracking.uri} could not record ({_reason(error)})"
        raise InputError(f"{sentence}; see that it runs, or name another with --tracking.uri") from error
    return record.run


@dataclass(frozen=True)
class _Record:
    """An MLflow run that is being written. Whatever its store raises, it raises."""

    client: Any
    tracking: TrackingConfig
    experiment: str
    run: str

    @classmethod
    def begin(
        cls, tracking: TrackingConfig, name: str, keys: Mapping[str, Any], cohort: str, digest: str
    ) -> Self:
        client = _client(tracking)
        from mlflow.data.code_dataset_source import CodeDatasetSource
        from mlflow.data.meta_dataset import MetaDataset
        from mlflow.entities import DatasetInput, InputTag

        known = client.get_experiment_by_name(tracking.experiment)
        experiment = known.experiment_id if known else client.create_experiment(tracking.experiment)
        # What a killed attempt at this run left open will never go on; nested runs have no such name.
        for earlier in _named(client, experiment, name, "RUNNING"):
            client.set_terminated(earlier, "KILLED")
        run = client.create_run(experiment, run_name=cohort, tags={NAME: name}).info.run_id
        for key, value in _flat(keys).items():
            client.log_param(run, key, value)
        # MLflow keeps 36 characters of a digest; the whole one is a tag.
        dataset = MetaDataset(  # type: ignore[abstract]  # mlflow 3.17 leaves `profile` open itself
            CodeDatasetSource({}), name=cohort, digest=digest[:36]
        )
        tag = InputTag("mlflow.data.context", "training")
        client.log_inputs(run, [DatasetInput(dataset._to_mlflow_entity(), [tag])])
        client.set_tag(run, "cohort_digest", digest)
        return cls(client, tracking, experiment, run)

    def fold(self, label: str, sizes: Mapping[str, int], figures: Mapping[str, float]) -> None:
        tags = {"mlflow.parentRunId": self.run}
        nested = self.client.create_run(self.experiment, run_name=label, tags=tags).info.run_id
        for key, value in sizes.items():
            self.client.log_param(nested, key, value)
        for key, figure in figures.items():
            if np.isfinite(figure):
                self.client.log_metric(nested, key, figure)
        self.client.set_terminated(nested)

    def finish(self, run: RunDirectory) -> None:
        figures = {key: run.metrics[key] for key in (run.endpoint, "baselines", "differences")}
        for key, value in _flat(figures).items():
            self.client.log_metric(self.run, key.removesuffix(".estimate"), value)
        hidden = () if self.tracking.patient_data else PATIENT_TABLES
        for path in sorted(p for p in run.path.rglob("*") if p.is_file() and p.name not in hidden):
            folder = path.parent.relative_to(run.path).as_posix()
            self.client.log_artifact(self.run, str(path), None if folder == "." else folder)
        if (run.path / MANIFEST).is_file():
            self.client.set_tag(self.run, "manifest_digest", file_digest(run.path / MANIFEST))
        self._log_environment()
        self.client.set_terminated(self.run)

    def fail(self) -> None:
        self.client.set_terminated(self.run, "FAILED")

    def _log_environment(self) -> None:
        installed = sorted({f"{d.metadata['Name']}=={d.version}" for d in distributions()}, key=str.lower)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "environment.txt"
            path.write_text("\n".join(installed) + "\n")
            self.client.log_artifact(self.run, str(path))


def _client(tracking: TrackingConfig) -> Any:
    # MLflow reads these when it is imported: no telemetry, no chatter about its own tables.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    # A server out of reach is given up after seconds, not after MLflow's minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    import mlflow

    return mlflow.MlflowClient(database_url(tracking.uri))


def _named(client: Any, experiment: str, name: str, status: str) -> list[str]:
    """Ids of the runs of that name and status."""
    found = client.search_runs([experiment], f"tags.`{NAME}` = '{name}' and attributes.status = '{status}'")
    return [run.info.run_id for run in found]


def _finished(tracking: TrackingConfig, name: str) -> str | None:
    client = _client(tracking)
    known = client.get_experiment_by_name(tracking.experiment)
    return None if known is None else next(iter(_named(client, known.experiment_id, name, "FINISHED")), None)


def _folds(run: RunDirectory) -> Iterator[tuple[str, dict[str, int], Any]]:
    """Label, sizes and what :func:`_figures` takes, of each outer fold of a finished run."""
    ids = run.sample_ids
    places = run.predictions["stratomics"].patients[["repeat", "fold"]].drop_duplicates()
    for repeat, number in places.itertuples(index=False):
        parts = {name: _part(own, repeat, number) for name, own in run.predictions.items()}
        test = np.flatnonzero(np.isin(ids, parts["stratomics"].patients["sample_id"].to_numpy(dtype=str)))
        train = np.setdiff1d(np.arange(len(ids)), test)
        fold = Fold(int(repeat), int(number), train, test)
        sizes = {"train": len(train), "test": len(test)}
        yield fold.label, sizes, (parts, ids[test], run.outcome.take(test))


def _part(prediction: Prediction, repeat: int, fold: int) -> Prediction:
    def own(table: Any) -> Any:
        return table[(table["repeat"] == repeat) & (table["fold"] == fold)].reset_index(drop=True)

    return Prediction(own(prediction.patients), {name: own(table) for name, table in prediction.long.items()})


def _figures(
    predictions: Mapping[str, Prediction], ids: NDArray[np.str_], endpoint: Survival | Response
) -> dict[str, float]:
    """Every method's metrics on the patients `ids` of one fold, whose outcome is `endpoint`."""
    figures = {}
    for method, prediction in predictions.items():
        cases = cases_of(prediction, ids, endpoint)
        for key in METRICS[endpoint.kind]:
            value = find_metric(key).function(cases, np.ones((1, len(cases))))[0]
            figures[f"{method}.{key}"] = float(value)
    return figures


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Write ``{"a": {"b": 1}}`` as ``{"a.b": 1}``."""
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat
