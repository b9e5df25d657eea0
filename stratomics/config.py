"""ExperimentConfig: the settings of an experiment. Every key may be set in yaml or on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from datamodules.config import HarmonizeConfig, SplitConfig
from models.config import FactorsConfig, HeadConfig, TrainerConfig
from omics.common.errors import require_range
from stratomics.executor.config import ExecutorConfig

__all__ = [
    "MIXTURE",
    "WIDE_DEEP",
    "EvaluationConfig",
    "ExperimentConfig",
    "TrackingConfig",
    "fingerprint_of",
]

MIXTURE, WIDE_DEEP = "mixture", "wide_deep"
"""Names of ``model`` that are not in CANDIDATES."""

SOONEST = 1e-6
"""Earliest time at which predictions can be evaluated."""

WITHOUT_EFFECT = ("tracking", "workers", "executor", "cohort")
"""Keys that do not change results. The content of the cohort is covered by its digest."""


@dataclass(frozen=True)
class EvaluationConfig:
    """How predictions are evaluated.

    Parameters
    ----------
    metric
        Primary metric on which methods are compared, a name in METRICS; null means ibs for a survival endpoint and
        log_loss for a response.
    draws
        Number of bootstrap resamples of the patients for each 95% interval.
    horizons
        Times of a survival endpoint, in its unit, at which the report shows survival and discrimination; null means
        1, 3 and 5 years, or 6, 12 and 24 months, as far as patients are followed. Calibration, decision curves, groups
        and effects use the latest of them to which half of the patients are followed.
    """

    metric: str | None = None
    draws: int = 1000
    horizons: list[float] | None = None

    def __post_init__(self) -> None:
        require_range("evaluation.draws", self.draws, 100)
        for horizon in self.horizons or ():
            require_range("evaluation.horizons", horizon, SOONEST)


@dataclass(frozen=True)
class TrackingConfig:
    """Where MLflow records the run.

    Parameters
    ----------
    uri
        MLflow tracking store.
    experiment
        Name of the MLflow experiment.
    patient_data
        Whether tables with one row per patient are sent to MLflow.
    model
        Name under which the final model is registered; null means the name of the run or the cohort.
    alias
        Alias of the newest model of that name; the alias ``champion`` is set by people only.
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
        Start of the name of the run directory; null means the name of the cohort.
    cohort
        A folder with cohort.yaml, the yaml file, an .h5mu file, or bundled:NAME.
    seed
        Seed of all random numbers.
    endpoints
        Endpoints to learn in addition to the primary one; null means every response, and one survival endpoint, with
        enough patients.
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
        Candidates of the mixture besides the wide and deep network, names in CANDIDATES; each is also evaluated alone.
        Null means all for the kind of endpoint.
    model
        The model that is delivered: ``mixture``, ``wide_deep``, or one of the baselines alone.
    controls
        Negative controls, names in CONTROLS, which must perform at chance level; null means all.
    evaluation
        How predictions are evaluated.
    tracking
        Where MLflow records the run.
    workers
        Number of processes that fit folds in parallel; null means one per processor core. It does not change results.
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
    model: str = MIXTURE
    controls: list[str] | None = None
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    workers: int | None = None
    executor: ExecutorConfig = field(default_factory=ExecutorConfig)

    def as_dict(self) -> dict[str, object]:
        """Convert to a nested dict of all keys, for YAML."""
        return asdict(self)

    def fingerprint(self) -> dict[str, object]:
        """Nested dict of the keys that results depend on; its hash is part of the name of the run directory."""
        return fingerprint_of(self.as_dict())


def fingerprint_of(keys: Mapping[str, object]) -> dict[str, object]:
    """Select the keys of a ``config.yaml`` that results depend on, as :meth:`ExperimentConfig.fingerprint`."""
    return {key: keys[key] for key in keys if key not in WITHOUT_EFFECT}
