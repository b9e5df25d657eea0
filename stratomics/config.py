"""ExperimentConfig: the signature is the schema; every key may be set in yaml or on the command line."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from datamodules.config import HarmonizeConfig, SplitConfig
from datamodules.designs import DESIGNS
from models.config import FactorsConfig, HeadConfig, TrainerConfig
from models.factors import FACTOR_MODELS
from models.heads import HEADS
from omics.errors import ConfigError, require_range
from omics.tables import check_choice, every
from stratomics.baselines import BASELINES
from stratomics.controls import CONTROLS
from stratomics.evaluation import METRICS
from stratomics.executor import EXECUTORS

__all__ = [
    "EvaluationConfig",
    "ExecutorConfig",
    "ExperimentConfig",
    "TrackingConfig",
    "check_decides",
    "fingerprint_of",
]

WITHOUT_EFFECT = ("tracking", "workers", "executor", "cohort")
"""Keys that results do not depend on; a cohort has a digest of its own."""


@dataclass(frozen=True)
class EvaluationConfig:
    """How predictions are judged.

    Parameters
    ----------
    metric
        The one metric, declared beforehand, on which methods are compared: a name in METRICS; null is ibs for
        a survival endpoint, log_loss for a response.
    draws
        Bootstrap resamples of the patients behind each 95% interval.
    """

    metric: str | None = None
    draws: int = 1000

    def __post_init__(self) -> None:
        require_range("evaluation.draws", self.draws, 100)


@dataclass(frozen=True)
class TrackingConfig:
    """Where MLflow keeps the record.

    Parameters
    ----------
    uri
        Tracking store.
    experiment
        Name of the MLflow experiment.
    patient_data
        Whether tables with a row per patient go to MLflow too.
    model
        Name under which the final model is registered; that of the run or the cohort if null.
    alias
        Points to the newest model of that name; ``champion`` is left to people.
    """

    uri: str = "sqlite:///mlflow.db"
    experiment: str = "stratomics"
    patient_data: bool = True
    model: str | None = None
    alias: str = "challenger"


@dataclass(frozen=True)
class ExecutorConfig:
    """Where fits run; the results do not depend on it.

    Parameters
    ----------
    kind
        A name in EXECUTORS: local (processes of this machine), dask (workers of a Dask scheduler).
    address
        Of the scheduler, such as tcp://login1:8786; of kind dask only.
    """

    kind: str = "local"
    address: str | None = None

    def __post_init__(self) -> None:
        check_choice(EXECUTORS, self.kind, "executor.kind")
        if (self.kind == "local") != (self.address is None):
            raise ConfigError(
                "executor.kind dask and executor.address, such as tcp://login1:8786, need each other; give both or none"
            )


@dataclass(frozen=True)
class ExperimentConfig:
    """One experiment.

    Parameters
    ----------
    name
        Begins the name of the run directory; the cohort's name if null.
    cohort
        A folder with cohort.yaml, the yaml itself, an .h5mu file, or bundled:NAME.
    seed
        The one seed behind every random number.
    endpoints
        Those to learn beside the deciding one; null is every response, and one of survival, that have patients enough.
    split
        Cross-validation.
    harmonize
        How views are made comparable.
    factors
        Latent factors.
    head
        The networks that predict.
    trainer
        How networks are trained.
    baselines
        What a sceptic would try first: names in BASELINES; null is all for the endpoint's kind.
    stack
        Whether methods are mixed too, by weights that are learned on inner folds.
    controls
        What must come out at chance: names in CONTROLS; null is all.
    evaluation
        How predictions are judged.
    tracking
        Where MLflow keeps the record.
    workers
        Processes of this machine that fit folds side by side; one a core if null. The results do not depend on it.
    executor
        Where fits run.
    """

    name: str | None = None
    cohort: str | None = None
    seed: int = 1
    endpoints: list[str] | None = None
    split: SplitConfig = field(default_factory=SplitConfig)
    harmonize: HarmonizeConfig = field(default_factory=HarmonizeConfig)
    factors: FactorsConfig = field(default_factory=FactorsConfig)
    head: HeadConfig = field(default_factory=HeadConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    baselines: list[str] | None = None
    stack: bool = False
    controls: list[str] | None = None
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    workers: int | None = None
    executor: ExecutorConfig = field(default_factory=ExecutorConfig)

    def check(self) -> None:
        """Refuse a choice that no table has, before anything is read.

        Raises
        ------
        ConfigError
            With the nearest right word.
        """
        if self.name is not None and not re.fullmatch(r"[\w][\w.-]*", self.name):
            raise ConfigError(
                f"name '{self.name}' begins a folder's name; use letters, digits, '.', '_' and '-'"
            )
        if self.workers is not None:
            require_range("workers", self.workers, 1)
        check_choice(FACTOR_MODELS, self.factors.model, "factors.model")
        for kind, heads in HEADS.items():
            check_choice(heads, self.head.name(kind), f"head.{kind}")
        if self.evaluation.metric is not None:
            check_choice(every(METRICS), self.evaluation.metric, "evaluation.metric")
        check_choice(DESIGNS, self.split.design, "split.design")
        if self.split.external is not None and self.split.design != "external":
            raise ConfigError(
                f"split.external names another cohort, which split.design {self.split.design} does not look at; "
                "add --split.design external, or leave it out"
            )
        for name in self.controls or ():
            check_choice(CONTROLS, name, "entry of controls")
        for name in self.baselines or ():
            check_choice(every(BASELINES), name, "entry of baselines")

    def for_kind(self, kind: str) -> Self:
        """Fill in what depends on the kind of the deciding endpoint.

        Raises
        ------
        ConfigError
            If a metric or a baseline is declared that is for another kind.
        """
        metric = self.evaluation.metric or next(iter(METRICS[kind]))
        baselines = list(BASELINES[kind]) if self.baselines is None else self.baselines
        check_decides(metric, kind, "evaluation.metric")
        for name in baselines:
            _check_kind(BASELINES, name, kind, "entry of baselines")
        controls = list(CONTROLS) if self.controls is None else self.controls
        return dataclasses.replace(
            self,
            baselines=baselines,
            controls=controls,
            evaluation=dataclasses.replace(self.evaluation, metric=metric),
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain nested dict of every key."""
        return asdict(self)

    def fingerprint(self) -> dict[str, Any]:
        """Plain nested dict of the keys that results depend on; what names the run directory."""
        return fingerprint_of(self.as_dict())


def fingerprint_of(keys: Mapping[str, Any]) -> dict[str, Any]:
    """:meth:`ExperimentConfig.fingerprint` of the keys of a ``config.yaml``."""
    return {key: keys[key] for key in keys if key not in WITHOUT_EFFECT}


def check_decides(metric: str, kind: str, what: str) -> None:
    """Refuse a metric that is for another kind of endpoint, or by which no method can be called better.

    Raises
    ------
    ConfigError
        Naming `what` declared it.
    """
    from stratomics.evaluation.metric import find_metric

    check_choice(every(METRICS), metric, what)
    _check_kind(METRICS, metric, kind, what)
    if not find_metric(metric).decides:
        able = ", ".join(name for name in METRICS[kind] if find_metric(name).decides)
        raise ConfigError(
            f"{what} '{metric}' cannot decide: it lacks a direction, an interval or a figure "
            f"for every method; choose among {able}"
        )


def _check_kind(tables: Mapping[str, Mapping[str, str]], name: str, kind: str, what: str) -> None:
    if name not in tables[kind]:
        raise ConfigError(
            f"{what} '{name}' is not for a {kind}, which is what decides here; choose among {', '.join(tables[kind])}"
        )
