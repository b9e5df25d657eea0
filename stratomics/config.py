"""ExperimentConfig: the signature is the schema; every key may be set in yaml or on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from datamodules.config import HarmonizeConfig, SplitConfig
from models.config import FactorsConfig, HeadConfig, TrainerConfig
from omics.common.errors import require_range
from stratomics.executor.config import ExecutorConfig

__all__ = [
    "EvaluationConfig",
    "ExperimentConfig",
    "TrackingConfig",
    "fingerprint_of",
]

WITHOUT_EFFECT = ("tracking", "workers", "executor", "cohort")
"""Keys that results do not depend on; a cohort has a digest of its own."""


@dataclass(frozen=True)
class EvaluationConfig:
    """How predictions are evaluated.

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
        How predictions are evaluated.
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

    def as_dict(self) -> dict[str, Any]:
        """Plain nested dict of every key."""
        return asdict(self)

    def fingerprint(self) -> dict[str, Any]:
        """Plain nested dict of the keys that results depend on; what names the run directory."""
        return fingerprint_of(self.as_dict())


def fingerprint_of(keys: Mapping[str, Any]) -> dict[str, Any]:
    """:meth:`ExperimentConfig.fingerprint` of the keys of a ``config.yaml``."""
    return {key: keys[key] for key in keys if key not in WITHOUT_EFFECT}
