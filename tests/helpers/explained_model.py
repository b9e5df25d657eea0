"""A small model with its training patients and its explanation data."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from small import write

from models.config import FactorsConfig, TrainerConfig
from models.factors.loadings import named_loadings
from omics.cohort.read import read_cohort
from stratomics.config import ExperimentConfig
from stratomics.encoding.training_part import EncodedPatients
from stratomics.experiment.check_config import complete_config
from stratomics.explanation.from_training import describe_training
from stratomics.explanation.reference import TrainingReference
from stratomics.fitting.fit import Fitted, fit


class ExplainedModel(NamedTuple):
    """Model, training cohort, the same encoded as new patients, and explanation data."""

    fitted: Fitted
    cohort: Any
    patients: EncodedPatients
    reference: TrainingReference


def explained_model(folder: Path, **config: Any) -> ExplainedModel:
    """Fit the small cohort; the factors of the first member stand in for those of the run."""
    quick = ExperimentConfig(factors=FactorsConfig(count=3), trainer=TrainerConfig(epochs=3), **config)
    cohort = read_cohort(write(folder / "small"))
    fitted = fit(cohort, complete_config(quick, "survival"), 1)
    first = fitted.encoders[0]
    loadings = named_loadings(first.harmonizer.features, first.factor_model)
    reference = describe_training(fitted, cohort, loadings, informative=True, seed=1)
    return ExplainedModel(fitted, cohort, EncodedPatients.of(cohort, fitted.encoders), reference)
