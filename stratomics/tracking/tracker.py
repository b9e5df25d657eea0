"""When a trip is recorded in MLflow: as it goes on, or later from what it left."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

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
from stratomics.tracking.mlflow_store import client_of, named, reason
from stratomics.tracking.record import Cohort, Record

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Tracker", "send"]

log = logging.getLogger(__name__)


class Tracker:
    """One MLflow run a trip, one nested run a fold.

    When MLflow fails, the trip goes on: one warning says so, everything stays in the run directory, and :func:`send`
    records it later.

    Parameters
    ----------
    config, design
        Of the experiment.
    name
        Of the run directory.
    """

    def __init__(self, config: ExperimentConfig, design: Design, name: str) -> None:
        self._config, self._design, self._name = config, design, name
        self._record: Record | None = None

    def __enter__(self) -> Self:
        keys, tracking = self._config.as_dict(), self._config.tracking
        name, digest = cohort_spec(self._design.cohort).name, self._design.digest
        cohort = Cohort(name, digest, str(self._config.cohort), cohort_spec(self._design.evaluated).name)

        def begin() -> None:
            self._record = Record.begin(tracking, self._name, keys, cohort, self._design.evaluated.n_obs)

        self._guarded(begin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and (record := self._record) is not None:
            self._guarded(record.fail)

    def fold(self, fold: Fold, predictions: Mapping[str, Prediction], training_history: pd.DataFrame) -> None:
        """Record one outer fold as a nested run.

        Its patients, every method's metrics on those of the test part, and the `training_history` of its members' losses.
        """
        if (record := self._record) is None:
            return
        evaluated = self._design.evaluated
        ids = evaluated.obs_names.to_numpy(dtype=str)
        # A run directory holds those who are evaluated: only among them are those who trained told of.
        train = ids[fold.train] if evaluated is self._design.cohort else ids[:0]
        test = ids[fold.test]
        figures = _figures(predictions, test, cohort_endpoints(evaluated).primary().take(fold.test))
        self._guarded(lambda: record.fold(fold.label, train, test, figures, training_history))

    def finish(self, run: RunDirectory) -> None:
        """Record metrics, the run directory as artifacts and the final model, and close the run."""
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
                reason(error),
            )


def send(run: RunDirectory, tracking: TrackingConfig) -> str:
    """Record a finished run in MLflow as the trip itself would have done, and give the id of its MLflow run.

    One that is recorded whole under this name already is not recorded twice.

    Raises
    ------
    InputError
        If MLflow cannot record it.
    """
    facts, called = run.provenance, run.path.resolve().name
    name, digest = str(facts["cohort"]), str(facts["cohort_digest"])
    cohort = Cohort(name, digest, str(facts.get("source")), str(facts.get("evaluated_on", name)))
    folds = list(_folds(run))
    try:
        if (known := _finished(tracking, called)) is not None:
            return known
        record = Record.begin(tracking, called, run.config, cohort, len(run.sample_ids))
        for fold in folds:
            record.fold(*fold)
        record.finish(run)
    except Exception as error:
        sentence = f"MLflow at {tracking.uri} could not record ({reason(error)})"
        raise InputError(f"{sentence}; see that it runs, or name another with --tracking.uri") from error
    return record.run


def _finished(tracking: TrackingConfig, name: str) -> str | None:
    client = client_of(tracking.uri)
    known = client.get_experiment_by_name(tracking.experiment)
    return None if known is None else next(iter(named(client, known.experiment_id, name, "FINISHED")), None)


def _folds(run: RunDirectory) -> Iterator[tuple[Any, ...]]:
    """Give what :meth:`Record.fold` takes, of each outer fold of a finished run."""
    ids = run.sample_ids
    every = dict(run.predictions)
    places = every["stratomics"].patients[["repeat", "fold"]].drop_duplicates()
    for repeat, number in places.itertuples(index=False):
        parts = {name: _part(own, repeat, number) for name, own in every.items()}
        test = np.flatnonzero(np.isin(ids, parts["stratomics"].patients["sample_id"].to_numpy(dtype=str)))
        train = np.setdiff1d(np.arange(len(ids)), test)
        fold = Fold(int(repeat), int(number), train, test)
        figures = _figures(parts, ids[test], run.outcome.take(test))
        yield fold.label, ids[train], ids[test], figures, run.training_history(fold)


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
