"""How one member encodes patients: harmonizer, shared factors, components of each view; learned on its inner rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from mudata import MuData
from numpy.typing import NDArray

from datamodules.batch import Batch
from datamodules.cohort_datamodule import CohortDataModule
from datamodules.harmonizer import Harmonizer
from datamodules.split import Fold
from models.ensemble.inputs import COVARIATES, FACTORS, Blocks, view_block
from models.factors import FACTOR_MODELS
from models.factors.factor_model import FactorModel, Factors
from models.factors.pca import PCA
from models.ood.reconstruction_error import reconstruction_error
from omics.common.registry import resolve
from omics.common.seeds import named_seed
from stratomics.config import ExperimentConfig

__all__ = ["Encoded", "Encoder"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Encoded:
    """n patients as one member sees them: inputs by block, shared factors, and how badly these tell each view."""

    blocks: Blocks
    factors: Factors
    reconstruction_error: Array


@dataclass(frozen=True)
class Encoder:
    """Harmonizer, factors that the views share, and leading components of each view alone."""

    harmonizer: Harmonizer
    factor_model: FactorModel
    components: Mapping[str, PCA]

    @classmethod
    def fit(cls, cohort: MuData, fold: Fold, config: ExperimentConfig, seed: int) -> tuple[Self, Encoded]:
        """Learn from the training rows of `fold`, and give everybody as the member sees him.

        Training patients come as they would if they were new: factors of theirs fit their own noise.
        """
        data = CohortDataModule(cohort, fold.train, config.harmonize)
        data.setup()
        batch = data.batch(fold.train)
        kind = resolve(FACTOR_MODELS, config.factors.model, "factors.model")
        model: FactorModel = kind(config.factors.count, named_seed(seed, "factors", fold.number))
        shared = model.fit_transform([batch])
        as_new = {FACTORS: shared.mean}
        components = {}
        for view in _with_features(batch) if config.factors.per_view else ():
            components[view] = PCA(config.factors.per_view)
            as_new[view_block(view)] = components[view].fit_transform([_alone(batch, view)]).mean
        encoder = cls(data.harmonizer, model, components)
        encoded = encoder.encode(cohort)
        for name, own in as_new.items():
            encoded.blocks[name][fold.train] = own
        encoded.factors.sd[fold.train] = shared.sd
        return encoder, encoded

    def encode(self, cohort: MuData) -> Encoded:
        """Give new patients as the member sees them; a view that a patient lacks has its prior there, 0."""
        batch = self.harmonizer.transform(cohort)
        own = {view_block(v): m.transform(_alone(batch, v)).mean for v, m in self.components.items()}
        factors = self.factor_model.transform(batch)
        blocks = {COVARIATES: batch.covariates.astype(np.float64), FACTORS: factors.mean, **own}
        return Encoded(blocks, factors, reconstruction_error(self.factor_model, batch))

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        self.harmonizer.save(folder, f"{name}.harmonizer")
        self.factor_model.save(folder, f"{name}.factors")
        for view, model in self.components.items():
            model.save(folder, _of_view(name, self.harmonizer, view))

    @classmethod
    def load(cls, folder: Path, name: str, factor_model: str) -> Self:
        """Read what :meth:`save` wrote; `factor_model` is a name in FACTOR_MODELS."""
        kind = resolve(FACTOR_MODELS, factor_model, "factors.model")
        harmonizer = Harmonizer.load(folder, f"{name}.harmonizer")
        # Release 0.1.0 knew no components.
        files = {view: _of_view(name, harmonizer, view) for view in harmonizer.features}
        components = {
            v: PCA.load(folder, file) for v, file in files.items() if (folder / f"{file}.json").is_file()
        }
        return cls(harmonizer, kind.load(folder, f"{name}.factors"), components)


def _of_view(name: str, harmonizer: Harmonizer, view: str) -> str:
    """Name of a view's files: by number, since a view may be called anything."""
    return f"{name}.view{list(harmonizer.features).index(view)}"


def _with_features(batch: Batch) -> list[str]:
    return [view for view, values in batch.views.items() if values.shape[1]]


def _alone(batch: Batch, view: str) -> Batch:
    return replace(batch, views={view: batch.views[view]}, observed={view: batch.observed[view]})
