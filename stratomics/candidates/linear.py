"""Candidates on the inputs of the ensemble members: clinical covariates, ridge on factors, late fusion of views."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from models.ensemble.inputs import COVARIATES, FACTORS
from models.linear.elastic_net import Likelihood, elastic_net
from models.linear.group_ridge import likelihood_of
from models.linear.nonnegative import nonnegative_weights
from omics.common.errors import DataError
from omics.common.files import read_state, write_state
from stratomics.candidates.candidate import CandidateFit, CandidateKind, calibrate_candidate
from stratomics.candidates.linear_members import LinearMembers

if TYPE_CHECKING:
    from stratomics.encoding.training_part import EncodedPatients, TrainingPart

__all__ = ["CLINICAL_COVARIATES", "FACTORS_RIDGE", "LATE_FUSION", "LateFusion", "block_names", "fit_on"]

Array = NDArray[np.float64]

CLINICAL_RIDGE = 1e-3
"""Ridge penalty that keeps the coefficient of a covariate finite if it separates events or classes."""


def block_names(part: TrainingPart) -> list[str]:
    """Names of the blocks of which at least one member has an input."""
    members = part.patients.blocks
    names = dict.fromkeys(name for blocks in members for name in blocks)
    return [name for name in names if any(name in blocks and blocks[name].shape[1] for blocks in members)]


def fit_on(part: TrainingPart, blocks: list[str]) -> CandidateFit:
    """Fit a ridge regression on some blocks, without the arm.

    Parameters
    ----------
    part
        The training part.
    blocks
        Names of the blocks.

    Returns
    -------
    CandidateFit
        The regression of each member.
    """
    members = LinearMembers.fit(part, blocks, arms=False)
    return CandidateFit(members, members.estimates(part.patients))


def _fit_clinical_covariates(part: TrainingPart) -> CandidateFit:
    """Fit Cox or logistic regressions on the clinical covariates, and on the arm if there are arms.

    Without covariates all patients have the same prediction, the Kaplan-Meier estimate or the prevalence.
    """
    members = LinearMembers.fit(part, [COVARIATES], arms=True, solve=_nearly_unpenalized)
    return CandidateFit(members, members.estimates(part.patients))


def _nearly_unpenalized(x: Array, _block: NDArray[np.int64], likelihood: Likelihood) -> Array:
    return elastic_net(x, likelihood, CLINICAL_RIDGE, 0.0)


def _fit_factors_ridge(part: TrainingPart) -> CandidateFit:
    """Fit ridge regressions on covariates, shared factors and components of each view.

    They have the inputs of the wide and deep network, and no network.
    """
    members = LinearMembers.fit(part, block_names(part), arms=True)
    return CandidateFit(members, members.estimates(part.patients))


@dataclass(frozen=True)
class LateFusion:
    """A weighted sum of ridge regressions on the covariates and on the components of each view.

    Attributes
    ----------
    parts
        The regressions.
    weights
        One per regression; non-negative.
    """

    parts: list[LinearMembers]
    weights: Array

    def estimates(self, patients: EncodedPatients) -> Array:
        """(members, n, 1) estimates."""
        weighted = [w * part.estimates(patients) for w, part in zip(self.weights, self.parts, strict=True)]
        total: Array = np.sum(weighted, axis=0)
        return total

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        write_state(folder, name, {"parts": len(self.parts)}, {"weights": self.weights})
        for number, part in enumerate(self.parts):
            part.save(folder, f"{name}.part{number}")

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        parts = [LinearMembers.load(folder, f"{name}.part{number}") for number in range(settings["parts"])]
        return cls(parts, arrays["weights"])


def _fit_late_fusion(part: TrainingPart) -> CandidateFit:
    """Fit a ridge regression on each source; the weights maximize the likelihood of held-out estimates.

    Raises
    ------
    DataError
        If there is neither a covariate nor a view with a feature.
    """
    sources = [name for name in block_names(part) if name != FACTORS]
    if not sources:
        raise DataError("late fusion needs a covariate or a view with a feature; there is none")
    parts = [LinearMembers.fit(part, [name], arms=name == COVARIATES) for name in sources]
    fits = [calibrate_candidate(part, CandidateFit(one, one.estimates(part.patients))) for one in parts]
    observed = np.flatnonzero(part.endpoint.observed)
    held_out = np.column_stack([fit.held_out(part.held_out_by) for fit in fits])[observed]
    fusion = LateFusion(parts, nonnegative_weights(held_out, likelihood_of(part.endpoint.take(observed))))
    return CandidateFit(fusion, fusion.estimates(part.patients))


CLINICAL_COVARIATES = CandidateKind(_fit_clinical_covariates, LinearMembers)
FACTORS_RIDGE = CandidateKind(_fit_factors_ridge, LinearMembers, effect_by_omics=True)
LATE_FUSION = CandidateKind(_fit_late_fusion, LateFusion)
