"""A training part, harmonized and encoded once however many methods ask; and patients to predict beside it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from datamodules.batch import Batch
from datamodules.harmonizer import Harmonizer
from datamodules.split import Fold, stratified_folds
from omics.cohort.arms import arm_codes
from omics.cohort.endpoints import Response, Survival
from omics.cohort.read import cohort_endpoints, cohort_spec
from stratomics.config import ExperimentConfig
from stratomics.fitting.encoder import Encoded, Encoder

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["NewPatients", "TrainingPart"]

log = logging.getLogger(__name__)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TrainingPart:
    """The patients of one fit, of whom alone methods learn.

    Attributes
    ----------
    cohort
        The training patients; nobody else is looked at.
    config
        The experiment.
    seed
        Seed of this part.
    """

    cohort: MuData
    config: ExperimentConfig
    seed: int

    @property
    def name(self) -> str:
        """Name of the deciding endpoint."""
        return cohort_spec(self.cohort).primary_endpoint

    @cached_property
    def endpoint(self) -> Survival | Response:
        """The deciding endpoint."""
        return cohort_endpoints(self.cohort).primary()

    @cached_property
    def arms(self) -> Array | None:
        """(n,) arm of each patient; None, with a warning, where one arm teaches nothing of the deciding endpoint."""
        codes = arm_codes(self.cohort)
        if codes is None:
            return None
        for name, own in (("control", codes < 0), ("treated", codes > 0)):
            if not (own & self.endpoint.observed).any():
                log.warning(
                    "nobody of the %s arm has the deciding endpoint, so that no benefit is predicted", name
                )
                return None
        return codes

    @cached_property
    def harmonizer(self) -> Harmonizer:
        """Learned from everybody."""
        return Harmonizer(self.config.harmonize).fit(self.cohort)

    @cached_property
    def batch(self) -> Batch:
        """Everybody, harmonized."""
        return self.harmonizer.transform(self.cohort)

    @cached_property
    def folds(self) -> list[Fold]:
        """The inner folds; each gives one member."""
        return stratified_folds(self.cohort, self.config.split.inner_folds, 1, self.seed, "inner")

    @cached_property
    def left(self) -> NDArray[np.int64]:
        """(n,) number of the member that leaves the patient out."""
        left = np.empty(self.cohort.n_obs, dtype=np.int64)
        for fold in self.folds:
            left[fold.test] = fold.number
        return left

    @cached_property
    def members(self) -> list[tuple[Encoder, Encoded]]:
        """Each member's encoder, learned from its inner training rows, and everybody as it sees him."""
        return [Encoder.fit(self.cohort, fold, self.config, self.seed) for fold in self.folds]


@dataclass(frozen=True)
class NewPatients:
    """Patients that a training part never saw."""

    part: TrainingPart
    cohort: MuData

    @classmethod
    def of_fold(
        cls, cohort: MuData, fold: Fold, config: ExperimentConfig, seed: int, evaluated: MuData | None = None
    ) -> Self:
        """Test rows of `fold`, beside the part of its training rows; those are of `evaluated`, if it is another cohort."""
        part = TrainingPart(cohort[fold.train].copy(), config, seed)
        return cls(part, (cohort if evaluated is None else evaluated)[fold.test].copy())

    @property
    def sample_ids(self) -> NDArray[np.str_]:
        """(n,) their ids."""
        ids: NDArray[np.str_] = self.cohort.obs_names.to_numpy(dtype=str)
        return ids

    @cached_property
    def arms(self) -> Array | None:
        """(n,) arm of each patient, where the cohort has arms."""
        return arm_codes(self.cohort)

    @cached_property
    def batch(self) -> Batch:
        """Harmonized as the whole part was."""
        return self.part.harmonizer.transform(self.cohort)

    @cached_property
    def members(self) -> list[Encoded]:
        """As each member sees them."""
        return [encoder.encode(self.cohort) for encoder, _ in self.part.members]
