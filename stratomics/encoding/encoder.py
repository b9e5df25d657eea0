"""The encoder of one ensemble member: harmonizer, shared factors, and principal components of each view."""

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
from models.ensemble.inputs import COVARIATES, FACTORS, InputBlocks, view_block
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
    """n patients as one member encodes them.

    Attributes
    ----------
    blocks
        Inputs of the network by block: covariates, shared factors, components of each view.
    factors
        Shared factors, posterior mean and standard deviation.
    reconstruction_error
        (n, views) error of each view, reconstructed from the factors.
    measured
        (n, views) share of the features of each view that were measured.
    """

    blocks: InputBlocks
    factors: Factors
    reconstruction_error: Array
    measured: Array


@dataclass(frozen=True)
class Encoder:
    """Encodes patients for one member of the ensemble.

    Attributes
    ----------
    harmonizer
        Fitted on the training rows of the member, as all of the encoder.
    factor_model
        Factors that the views share.
    components
        View -> leading principal components of this view alone.
    """

    harmonizer: Harmonizer
    factor_model: FactorModel
    components: Mapping[str, PCA]

    @classmethod
    def fit(cls, cohort: MuData, fold: Fold, config: ExperimentConfig, seed: int) -> tuple[Self, Encoded]:
        """Fit to the training rows of `fold`, and encode all patients of `cohort`.

        Training patients are encoded by `fit_transform`, which scores them as new patients, since factors fitted to a
        patient fit the noise of this patient too.

        Parameters
        ----------
        cohort
            Training patients of all members.
        fold
            One of the inner folds.
        config
            The experiment.
        seed
            Seed of the training part.

        Returns
        -------
        tuple
            The encoder, and all patients of `cohort` in their order.
        """
        data = CohortDataModule(cohort, fold.train, config.harmonize)
        data.setup()
        [batch] = data.train_dataloader()
        kind = resolve(FACTOR_MODELS, config.factors.model, "factors.model")
        model: FactorModel = kind(config.factors.count, named_seed(seed, "factors", fold.number))
        shared = model.fit_transform(batch)
        as_new = {FACTORS: shared.mean}
        components = {}
        for view in _with_features(batch) if config.factors.per_view else ():
            components[view] = PCA(config.factors.per_view)
            as_new[view_block(view)] = components[view].fit_transform(_alone(batch, view)).mean
        encoder = cls(data.harmonizer, model, components)
        [everyone] = data.predict_dataloader()
        encoded = encoder.encode_batch(everyone)
        for name, scores in as_new.items():
            encoded.blocks[name][fold.train] = scores
        encoded.factors.sd[fold.train] = shared.sd
        return encoder, encoded

    def encode(self, cohort: MuData) -> Encoded:
        """Encode new patients; the components of a view that a patient lacks are 0, the prior mean."""
        return self.encode_batch(self.harmonizer.transform(cohort))

    def encode_batch(self, batch: Batch) -> Encoded:
        """Encode patients after harmonization by :attr:`harmonizer`."""
        factors = self.factor_model.transform(batch)
        blocks, error = self.inputs(batch, factors), reconstruction_error(self.factor_model, batch)
        return Encoded(blocks, factors, error, batch.measured_shares())

    def inputs(self, batch: Batch, factors: Factors) -> InputBlocks:
        """Compute the inputs of patients whose shared factors are known; quicker than :meth:`encode_batch`."""
        by_view = {view_block(v): m.transform(_alone(batch, v)).mean for v, m in self.components.items()}
        return {COVARIATES: batch.covariates.astype(np.float64), FACTORS: factors.mean, **by_view}

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors files that begin with `name`."""
        self.harmonizer.save(folder, f"{name}.harmonizer")
        self.factor_model.save(folder, f"{name}.factors")
        for view, model in self.components.items():
            model.save(folder, _of_view(name, self.harmonizer, view))

    @classmethod
    def load(cls, folder: Path, name: str, factor_model: str) -> Self:
        """Read what :meth:`save` wrote; `factor_model` is a name in FACTOR_MODELS."""
        kind = resolve(FACTOR_MODELS, factor_model, "factors.model")
        harmonizer = Harmonizer.load(folder, f"{name}.harmonizer")
        # A view without features has no components, and no view has them if `factors.per_view` is 0.
        files = {view: _of_view(name, harmonizer, view) for view in harmonizer.features}
        components = {
            v: PCA.load(folder, file) for v, file in files.items() if (folder / f"{file}.json").is_file()
        }
        return cls(harmonizer, kind.load(folder, f"{name}.factors"), components)


def _of_view(name: str, harmonizer: Harmonizer, view: str) -> str:
    """Name of the files of a view: by number, since the name of a view may have any characters."""
    return f"{name}.view{list(harmonizer.features).index(view)}"


def _with_features(batch: Batch) -> list[str]:
    return [view for view, values in batch.views.items() if values.shape[1]]


def _alone(batch: Batch, view: str) -> Batch:
    return replace(batch, views={view: batch.views[view]}, observed={view: batch.observed[view]})
