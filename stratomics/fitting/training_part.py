"""The patients of one fit, harmonized and encoded once for all methods, and the new patients to predict."""

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
    """The training patients of one fit; methods are fitted to these patients only.

    Attributes
    ----------
    cohort
        The training patients.
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
        """Name of the primary endpoint."""
        return cohort_spec(self.cohort).primary_endpoint

    @cached_property
    def endpoint(self) -> Survival | Response:
        """The primary endpoint."""
        return cohort_endpoints(self.cohort).primary()

    @cached_property
    def arms(self) -> Array | None:
        """(n,) arm of each patient. None, with a warning, if the primary endpoint is not observed in one arm."""
        codes = arm_codes(self.cohort)
        if codes is None:
            return None
        for name, members in (("control", codes < 0), ("treated", codes > 0)):
            if not (members & self.endpoint.observed).any():
                log.warning(
                    "no patient of the %s arm has the primary endpoint, so that no benefit is predicted", name
                )
                return None
        return codes

    @cached_property
    def harmonizer(self) -> Harmonizer:
        """Fitted to all patients."""
        return Harmonizer(self.config.harmonize).fit(self.cohort)

    @cached_property
    def batch(self) -> Batch:
        """All patients, harmonized."""
        return self.harmonizer.transform(self.cohort)

    @cached_property
    def folds(self) -> list[Fold]:
        """The inner folds; each gives one ensemble member."""
        return stratified_folds(self.cohort, self.config.split.inner_folds, 1, self.seed, "inner")

    @cached_property
    def held_out_by(self) -> NDArray[np.int64]:
        """(n,) number of the member that is fitted without the patient."""
        numbers = np.empty(self.cohort.n_obs, dtype=np.int64)
        for fold in self.folds:
            numbers[fold.test] = fold.number
        return numbers

    @cached_property
    def members(self) -> list[tuple[Encoder, Encoded]]:
        """The encoder of each member, fitted to its inner training rows, and all patients as it encodes them."""
        return [Encoder.fit(self.cohort, fold, self.config, self.seed) for fold in self.folds]


@dataclass(frozen=True)
class NewPatients:
    """Patients to predict, none of them in the training part.

    Attributes
    ----------
    part
        The training part.
    cohort
        The patients to predict.
    """

    part: TrainingPart
    cohort: MuData

    @classmethod
    def of_fold(
        cls, cohort: MuData, fold: Fold, config: ExperimentConfig, seed: int, evaluated: MuData | None = None
    ) -> Self:
        """Training part and test patients of a fold.

        Parameters
        ----------
        cohort
            Cohort of the training rows of `fold`.
        fold
            An outer or inner fold.
        config
            The experiment.
        seed
            Seed of the training part.
        evaluated
            Cohort of the test rows of `fold`, if it is another cohort.
        """
        part = TrainingPart(cohort[fold.train].copy(), config, seed)
        return cls(part, (cohort if evaluated is None else evaluated)[fold.test].copy())

    @property
    def sample_ids(self) -> NDArray[np.str_]:
        """(n,) ids of the patients."""
        ids: NDArray[np.str_] = self.cohort.obs_names.to_numpy(dtype=str)
        return ids

    @cached_property
    def arms(self) -> Array | None:
        """(n,) arm of each patient, if the cohort has arms."""
        return arm_codes(self.cohort)

    @cached_property
    def batch(self) -> Batch:
        """Harmonized by the harmonizer of the training part."""
        return self.part.harmonizer.transform(self.cohort)

    @cached_property
    def members(self) -> list[Encoded]:
        """The patients as each member encodes them."""
        return [encoder.encode(self.cohort) for encoder, _ in self.part.members]
