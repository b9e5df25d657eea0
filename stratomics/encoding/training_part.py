"""The patients of one fit, and the new patients to predict, harmonized and encoded once for all candidates."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from datamodules.batch import Batch
from datamodules.split import Fold, stratified_folds
from models.ensemble.inputs import InputBlocks
from models.factors.factor_model import Factors
from omics.cohort.arms import arm_codes
from omics.cohort.endpoints import Response, Survival
from omics.cohort.read import cohort_endpoints, cohort_spec, exposure_spec
from stratomics.config import ExperimentConfig
from stratomics.encoding.encoder import Encoded, Encoder

if TYPE_CHECKING:
    from mudata import MuData

    from datamodules.exposure.refit import KineticRefit

__all__ = ["EncodedPatients", "NewPatients", "TrainingPart"]

log = logging.getLogger(__name__)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class EncodedPatients:
    """n patients as each member of the ensemble encodes them.

    Attributes
    ----------
    cohort
        The patients.
    encoders
        Encoder of each member.
    members
        The patients by each encoder.
    arms
        (n,) arm of each patient. Models of a cohort without arms ignore it; None for training patients without arms.
    batches
        The patients harmonized by each encoder; empty for training patients, since the views of all members would fill
        the memory.
    ids
        (n,) ids of the patients, if they are not all patients of `cohort`.
    """

    cohort: MuData
    encoders: Sequence[Encoder]
    members: Sequence[Encoded]
    arms: Array | None
    batches: Sequence[Batch] = ()
    ids: NDArray[np.str_] | None = None

    @classmethod
    def of(cls, cohort: MuData, encoders: Sequence[Encoder]) -> Self:
        """Encode patients that the encoders are not fitted to; without an arm they count as between the arms."""
        batches = [encoder.harmonizer.transform(cohort) for encoder in encoders]
        members = [encoder.encode_batch(batch) for encoder, batch in zip(encoders, batches, strict=True)]
        arms = arm_codes(cohort)
        return cls(cohort, encoders, members, np.zeros(cohort.n_obs) if arms is None else arms, batches)

    @property
    def sample_ids(self) -> NDArray[np.str_]:
        """(n,) ids of the patients."""
        return self.cohort.obs_names.to_numpy(dtype=str) if self.ids is None else self.ids

    @property
    def blocks(self) -> list[InputBlocks]:
        """Inputs of each member by block."""
        return [member.blocks for member in self.members]

    def batch(self, member: int) -> Batch:
        """Patients harmonized by the encoder of one member."""
        return (
            self.batches[member] if self.batches else self.encoders[member].harmonizer.transform(self.cohort)
        )

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Select `rows` of new patients, in the given order; a row may come several times."""
        members = [
            Encoded(
                {name: values[rows] for name, values in one.blocks.items()},
                Factors(one.factors.mean[rows], one.factors.sd[rows], one.factors.known[rows]),
                one.reconstruction_error[rows],
                one.measured[rows],
            )
            for one in self.members
        ]
        batches = [batch.take(rows) for batch in self.batches]
        arms = None if self.arms is None else self.arms[rows]
        return replace(self, members=members, arms=arms, batches=batches, ids=self.sample_ids[rows])

    def replaced(self, cohort: MuData, view: str) -> Self:
        """Encode the same patients with other values of one view, those of `cohort`; other views are kept."""
        assert list(cohort.obs_names) == list(self.cohort.obs_names)
        batches = [
            encoder.harmonizer.replaced(self.batch(member), cohort, view)
            for member, encoder in enumerate(self.encoders)
        ]
        members = [encoder.encode_batch(batch) for encoder, batch in zip(self.encoders, batches, strict=True)]
        return replace(self, cohort=cohort, members=members, batches=batches)

    def under(self, arm: float) -> Self:
        """Return the same patients under one arm, a code of :func:`omics.cohort.arms.arm_codes`."""
        return replace(self, arms=np.full(len(self.sample_ids), arm))


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
    def kinetics(self) -> KineticRefit | None:
        """The kinetic model refitted to all patients of the part, members share it; None where none is asked for."""
        spec = exposure_spec(self.cohort)
        if spec is None or not spec.refit:
            return None
        from datamodules.exposure.refit import KineticRefit

        return KineticRefit.fit(self.cohort)

    @cached_property
    def prepared(self) -> MuData:
        """The cohort, with the exposure under the refitted model where there is one."""
        return self.cohort if self.kinetics is None else self.kinetics.apply(self.cohort)

    @cached_property
    def encoders(self) -> list[Encoder]:
        """The encoder of each member, fitted to its inner training rows."""
        return [encoder for encoder, _ in self._fits]

    @cached_property
    def patients(self) -> EncodedPatients:
        """All patients, as each member encodes them."""
        return EncodedPatients(
            self.prepared, self.encoders, [encoded for _, encoded in self._fits], self.arms
        )

    @cached_property
    def _fits(self) -> list[tuple[Encoder, Encoded]]:
        return [Encoder.fit(self.prepared, fold, self.config, self.seed) for fold in self.folds]

    def training_rows(self, member: int) -> NDArray[np.int64]:
        """Rows of the training patients of a member that have the primary endpoint."""
        return np.flatnonzero(self.endpoint.observed & (self.held_out_by != member))


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

    @cached_property
    def patients(self) -> EncodedPatients:
        """The patients to predict, as each member encodes them."""
        kinetics = self.part.kinetics
        cohort = self.cohort if kinetics is None else kinetics.apply(self.cohort)
        return EncodedPatients.of(cohort, self.part.encoders)
