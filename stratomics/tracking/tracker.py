"""Record a run in MLflow during the run, or later from its run directory."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from datamodules.resampling import Design
from datamodules.split import Fold
from models.prediction import Prediction
from omics.cohort.endpoints import Response, Survival
from omics.cohort.read import cohort_endpoints, cohort_spec
from omics.common.errors import InputError
from stratomics.config import ExperimentConfig, TrackingConfig
from stratomics.evaluation.cases import cases_of
from stratomics.evaluation.metrics import METRICS
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.runs.run_directory import RunDirectory
from stratomics.tracking.log_results import log_results
from stratomics.tracking.metric_names import metric_name
from stratomics.tracking.mlflow_run import CohortSource, FoldRecord, MlflowRun
from stratomics.tracking.mlflow_store import client_of, finished_run, first_line

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Tracker", "send_run"]

log = logging.getLogger(__name__)


class Tracker:
    """Records a run in MLflow during the run: one MLflow run, with one nested run per outer fold.

    When MLflow fails, the run continues with a warning. Everything stays in the run directory, and :func:`send_run`
    records it later.

    Parameters
    ----------
    config
        The experiment.
    design
        Its patients and outer folds.
    name
        Name of the run directory.
    """

    def __init__(self, config: ExperimentConfig, design: Design, name: str) -> None:
        self._config, self._design, self._name = config, design, name
        self._run: MlflowRun | None = None

    def __enter__(self) -> Self:
        keys, tracking = self._config.as_dict(), self._config.tracking
        name, digest = cohort_spec(self._design.cohort).name, self._design.digest
        cohort = CohortSource(
            name, digest, str(self._config.cohort), cohort_spec(self._design.evaluated).name
        )

        def begin() -> None:
            self._run = MlflowRun.begin(tracking, self._name, keys, cohort, self._design.evaluated.n_obs)

        self._guarded(begin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and (run := self._run) is not None:
            self._guarded(run.fail)

    def fold(self, fold: Fold, predictions: Mapping[str, Prediction], training_history: pd.DataFrame) -> None:
        """Record one outer fold as a nested run.

        Parameters
        ----------
        fold
            The fold.
        predictions
            Method -> its predictions of the test patients.
        training_history
            Losses of the members of stratomics by epoch.
        """
        if (run := self._run) is None:
            return
        evaluated = self._design.evaluated
        ids = evaluated.obs_names.to_numpy(dtype=str)
        # Only evaluated patients are in a run directory; patients of another training cohort are not recorded.
        train = ids[fold.train] if evaluated is self._design.cohort else ids[:0]
        test = ids[fold.test]
        endpoint = cohort_endpoints(evaluated).primary().take(fold.test)
        metrics = _metrics(predictions, test, endpoint, cohort_spec(evaluated).primary_endpoint)
        self._guarded(lambda: run.log_fold(FoldRecord(fold.label, train, test, metrics, training_history)))

    def finish(self, run: RunDirectory) -> None:
        """Record metrics, the run directory as artifacts and the final model, and close the run."""
        if (mlflow_run := self._run) is not None:
            self._guarded(lambda: mlflow_run.finish(run))

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001  # the stores of MLflow raise many kinds of errors
            self._run = None
            log.warning(
                "MLflow at %s could not record (%s); everything stays in the run directory, and "
                "`stratomics log RUN` sends it later",
                self._config.tracking.uri,
                first_line(error),
            )


def send_run(run: RunDirectory, tracking: TrackingConfig) -> str:
    """Record a complete run in MLflow, as :class:`Tracker` does during the run.

    A run whose name is in the store already, with status FINISHED, is not recorded twice; its report and its enrichment
    are recorded as they are now.

    Parameters
    ----------
    run
        The complete run.
    tracking
        Store and experiment.

    Returns
    -------
    str
        Id of its MLflow run.

    Raises
    ------
    InputError
        If MLflow cannot record it.
    """
    facts, run_name = run.provenance, run.path.resolve().name
    name, digest = str(facts["cohort"]), str(facts["cohort_digest"])
    cohort = CohortSource(name, digest, str(facts.get("source")), str(facts.get("evaluated_on", name)))
    folds = list(_folds(run))
    try:
        client = client_of(tracking.uri)
        if (known := finished_run(client, tracking.experiment, run_name)) is not None:
            log_results(client, known, run)
            return known
        mlflow_run = MlflowRun.begin(tracking, run_name, run.config, cohort, len(run.sample_ids))
        for fold in folds:
            mlflow_run.log_fold(fold)
        mlflow_run.finish(run)
    except Exception as error:
        sentence = f"MLflow at {tracking.uri} could not record ({first_line(error)})"
        raise InputError(f"{sentence}; check that it runs, or name another with --tracking.uri") from error
    return mlflow_run.run


def _folds(run: RunDirectory) -> Iterator[FoldRecord]:
    """Yield the record of each outer fold of a complete run."""
    ids, predictions = run.sample_ids, dict(run.predictions)
    folds = predictions["stratomics"].patients[["repeat", "fold"]].drop_duplicates()
    for repeat, number in folds.itertuples(index=False):
        parts = {name: _part(prediction, repeat, number) for name, prediction in predictions.items()}
        test = np.flatnonzero(np.isin(ids, parts["stratomics"].patients["sample_id"].to_numpy(dtype=str)))
        train = np.setdiff1d(np.arange(len(ids)), test)
        fold = Fold(int(repeat), int(number), train, test)
        metrics = _metrics(parts, ids[test], run.outcome.take(test), run.endpoint)
        yield FoldRecord(fold.label, ids[train], ids[test], metrics, run.training_history(fold))


def _part(prediction: Prediction, repeat: int, fold: int) -> Prediction:
    """Rows of one outer fold."""

    def rows(table: pd.DataFrame) -> pd.DataFrame:
        return table[(table["repeat"] == repeat) & (table["fold"] == fold)].reset_index(drop=True)

    return Prediction(
        rows(prediction.patients), {name: rows(table) for name, table in prediction.long.items()}
    )


def _metrics(
    predictions: Mapping[str, Prediction],
    ids: NDArray[np.str_],
    endpoint: Survival | Response,
    name: str,
) -> dict[str, float]:
    """Metrics of each method on the patients `ids` of one fold, with the outcomes `endpoint` of that name."""
    values = {}
    for method, prediction in predictions.items():
        cases = cases_of(prediction, ids, endpoint)
        for key in METRICS[endpoint.kind]:
            value = find_metric(key).function(cases, np.ones((1, len(cases))))[0]
            values[metric_name(method, name, key)] = float(value)
    return values
