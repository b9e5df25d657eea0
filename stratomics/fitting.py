"""Fit one training part: harmonize, factors, members of the ensemble, calibration. The heart of the trip."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from mudata import MuData
from numpy.typing import NDArray

from datamodules.batch import Batch
from datamodules.cohort_datamodule import CohortDataModule
from datamodules.harmonize import Harmonizer
from datamodules.novelty import novelties
from datamodules.split import Fold, stratified_folds
from models.calibration import Calibration
from models.config import HeadConfig, TrainerConfig, migrated_head
from models.ensemble import EnsembleNetwork
from models.factors import FACTOR_MODELS
from models.factors.factor_model import FactorModel
from models.heads import HEADS
from models.heads.head import Head
from models.prediction import Prediction
from models.stratifier import MemberInputs, Stratifier, train
from omics.cohort import cohort_endpoints
from omics.files import put_together, read_state, taken_apart, write_state
from omics.finding import WARNING
from omics.randomness import named_seed
from omics.tables import look_up
from stratomics.config import ExperimentConfig

__all__ = ["Fitted", "fit"]

log = logging.getLogger(__name__)

Array = NDArray[np.float64]
Inputs = NDArray[np.float32]


@dataclass(frozen=True)
class Encoder:
    """How one member encodes patients: what was learned on the rows of its inner training part."""

    harmonizer: Harmonizer
    factor_model: FactorModel

    @classmethod
    def fit(cls, cohort: MuData, fold: Fold, config: ExperimentConfig, seed: int) -> tuple[Self, Inputs]:
        """Harmonizer and factors from the training rows of `fold`, and the inputs (n, inputs) of everybody.

        Training patients come as they would if they were new: factors of theirs fit their own noise.
        """
        data = CohortDataModule(cohort, fold.train, config.harmonize)
        data.setup()
        kind = look_up(FACTOR_MODELS, config.factors.model, "factors.model")
        factor_model = kind(config.factors.count, named_seed(seed, "factors", fold.number))
        as_new = factor_model.fit_transform([data.batch(fold.train)])
        encoder = cls(data.harmonizer, factor_model)
        inputs = encoder.encode(cohort)
        inputs[fold.train, : as_new.mean.shape[1]] = as_new.mean
        return encoder, inputs

    def encode(self, cohort: MuData) -> Inputs:
        """(n, inputs): factor means and covariates of new patients."""
        batch: Batch = self.harmonizer.transform(cohort)
        factors = self.factor_model.transform(batch)
        return np.hstack([factors.mean.astype(np.float32), batch.covariates])


@dataclass(frozen=True)
class Fitted:
    """An ensemble that predicts patients it never saw."""

    endpoint: str
    kind: str
    encoders: list[Encoder]
    factor_model: str
    stratifier: Stratifier
    centers: Array
    calibration: Calibration

    def predict(self, cohort: MuData) -> Prediction:
        """Predict every patient of `cohort`, whichever views they have."""
        for finding in novelties(self.encoders[0].harmonizer, cohort):
            if finding.severity == WARNING:
                log.info("%s: %s", finding.place, finding.sentence)
        x = _stacked([encoder.encode(cohort) for encoder in self.encoders], self.stratifier.network.inputs)
        estimates = self.stratifier.predict(x) - self.centers[:, None, :]
        return self.calibration.prediction(cohort.obs_names.to_numpy(dtype=str), estimates, self.endpoint)

    def save(self, folder: Path) -> None:
        """Write the model as json and safetensors."""
        network = self.stratifier.network
        learned, head = taken_apart(self.stratifier.head, "head")
        settings = {
            "endpoint": self.endpoint,
            "kind": self.kind,
            "members": network.members,
            "inputs": network.inputs,
            "head": asdict(self.stratifier.head_config),
            "learned": learned,
            "factor_model": self.factor_model,
        }
        arrays = {name: value.numpy() for name, value in network.state_dict().items()}
        write_state(folder, "network", settings, arrays | head | {"centers": self.centers})
        for number, encoder in enumerate(self.encoders):
            encoder.harmonizer.save(folder, f"member{number}.harmonizer")
            encoder.factor_model.save(folder, f"member{number}.factors")
        self.calibration.save(folder, "recalibration")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, "network")
        config = HeadConfig(**migrated_head(settings["head"]))
        # Release 0.1.0 knew one kind of endpoint, and did not say which it was.
        endpoint, kind = settings.get("endpoint", "survival"), settings.get("kind", "survival")
        head = put_together(_head_kind(kind, config), settings.get("learned", {}), arrays, "head")
        # Release 0.1.0 knew heads of one output.
        centers = arrays.pop("centers").reshape(settings["members"], -1)
        state = {name: torch.from_numpy(value) for name, value in arrays.items()}
        network = EnsembleNetwork(
            settings["members"], settings["inputs"], config.hidden, head.outputs, 0, state.get("intercept")
        )
        network.load_state_dict(state)
        factor_model = look_up(FACTOR_MODELS, settings["factor_model"], "factors.model")
        encoders = [
            Encoder(
                Harmonizer.load(folder, f"member{number}.harmonizer"),
                factor_model.load(folder, f"member{number}.factors"),
            )
            for number in range(settings["members"])
        ]
        stratifier = Stratifier(network, head, config, TrainerConfig()).eval()
        calibration = head.calibration.load(folder, "recalibration")
        return cls(endpoint, kind, encoders, settings["factor_model"], stratifier, centers, calibration)


def fit(cohort: MuData, config: ExperimentConfig, seed: int) -> Fitted:
    """Fit on all patients of `cohort`, which is one training part.

    Inner folds part the patients; each inner training part gives one member (harmonizer and factors
    included), and the member's predictions for the patients it left out whole calibrate the ensemble.

    Parameters
    ----------
    cohort
        The training patients; nobody else is looked at.
    config
        The experiment.
    seed
        Seed of this part.
    """
    endpoints = cohort_endpoints(cohort)
    endpoint = endpoints.decisive()
    seen = np.flatnonzero(endpoint.observed)
    head = _head_kind(endpoint.kind, config.head).fit(endpoint.take(seen))
    folds = stratified_folds(cohort, config.split.inner_folds, 1, seed, "inner")
    fitted = [Encoder.fit(cohort, fold, config, seed) for fold in folds]
    encoders, x = [encoder for encoder, _ in fitted], _stacked([inputs for _, inputs in fitted])
    learns = np.zeros((len(folds), cohort.n_obs), dtype=bool)
    for member, fold in enumerate(folds):
        learns[member, fold.train] = endpoint.observed[fold.train]
    stratifier = _train_members(x, learns, endpoint.outcome, head, config, seed)
    estimates = stratifier.predict(x)
    # A member's own level means nothing to the others: each is measured from its training patients.
    centers = np.array([[p[rows].mean() for p in own.T] for own, rows in zip(estimates, learns, strict=True)])
    left_out = np.zeros(estimates.shape[1:])
    for member, fold in enumerate(folds):
        left_out[fold.test] = estimates[member, fold.test] - centers[member]
    calibration = head.calibrate(left_out[seen], endpoint.take(seen))
    log.debug("calibration slope %.3f", calibration.slope)
    return Fitted(
        endpoints.deciding, endpoint.kind, encoders, config.factors.model, stratifier, centers, calibration
    )


def _head_kind(kind: str, config: HeadConfig) -> type[Head]:
    head: type[Head] = look_up(HEADS[kind], config.name(kind), f"head.{kind}")
    return head


def _stacked(members: list[Inputs], inputs: int | None = None) -> Inputs:
    """(members, n, inputs); a member with fewer factors or categories than others gets columns of zeros."""
    width = max(x.shape[1] for x in members) if inputs is None else inputs
    return np.stack([np.pad(x, ((0, 0), (0, width - x.shape[1]))) for x in members])


def _train_members(
    x: NDArray[np.float32],
    learns: NDArray[np.bool_],
    outcome: tuple[NDArray[Any], ...],
    head: Head,
    config: ExperimentConfig,
    seed: int,
) -> Stratifier:
    # Who has no endpoint has weight 0 everywhere.
    target = head.target(*map(torch.from_numpy, outcome), torch.from_numpy(learns.astype(np.float32)))
    network = EnsembleNetwork(
        x.shape[0],
        x.shape[2],
        config.head.hidden,
        head.outputs,
        named_seed(seed, "network"),
        head.start(target),
    )
    inputs = MemberInputs(torch.from_numpy(x).transpose(0, 1).contiguous(), target)
    return train(Stratifier(network, head, config.head, config.trainer), inputs, seed)
