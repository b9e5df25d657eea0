"""Elastic net on all harmonized features: Cox regression, or logistic regression."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.linear.elastic_net import Likelihood, elastic_net_path, largest_penalty
from models.linear.group_ridge import likelihood_of
from models.linear.logistic_net import LogisticLikelihood
from omics.cohort.endpoints import Response
from omics.common.files import read_state, write_state
from stratomics.candidates.candidate import CandidateFit, CandidateKind

if TYPE_CHECKING:
    from stratomics.encoding.training_part import EncodedPatients, TrainingPart

__all__ = ["ELASTIC_NET", "ElasticNet"]

Array = NDArray[np.float64]

L1_RATIO = 0.5
PENALTIES = np.geomspace(1.0, 0.05, 25)
"""Fractions of the largest penalty; cross-validation selects one of them."""


@dataclass(frozen=True)
class ElasticNet:
    """One elastic net per member, with the same fraction of the largest penalty.

    Attributes
    ----------
    coefficients
        For each member (p,): covariates, features of its views, and the arm if there are arms.
    arms
        Whether the arm is a feature.
    """

    coefficients: list[Array]
    arms: bool

    def estimates(self, patients: EncodedPatients) -> Array:
        """(members, n, 1) estimates."""
        arms = patients.arms if self.arms else None
        estimates = [
            _features(patients.batch(number), arms) @ b for number, b in enumerate(self.coefficients)
        ]
        return np.stack(estimates)[..., None]

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        arrays = {f"member{number}": b for number, b in enumerate(self.coefficients)}
        write_state(folder, name, {"members": len(self.coefficients), "arms": self.arms}, arrays)

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        return cls([arrays[f"member{number}"] for number in range(settings["members"])], settings["arms"])


def _fit(part: TrainingPart) -> CandidateFit:
    """Fit each member; cross-validation over the inner folds selects the penalty.

    See Verweij and van Houwelingen 1993, doi 10.1002/sim.4780122407, for the cross-validated partial likelihood.
    """
    observed = np.flatnonzero(part.endpoint.observed)
    whole, deviance = likelihood_of(part.endpoint.take(observed)), np.zeros(len(PENALTIES))
    paths, estimates = [], []
    for number in range(len(part.folds)):
        x, rows = _features(part.patients.batch(number), part.arms), part.training_rows(number)
        likelihood = likelihood_of(part.endpoint.take(rows))
        penalties = largest_penalty(x[rows], likelihood, L1_RATIO) * PENALTIES
        path = elastic_net_path(x[rows], likelihood, penalties, L1_RATIO)
        # (n, penalties) estimates take less memory than the features of all members.
        estimate = x @ path.T
        for index, along in enumerate(estimate.T):
            # The intercept of a logistic regression comes from the training patients.
            shift = likelihood.intercept(along[rows]) if isinstance(likelihood, LogisticLikelihood) else 0.0
            deviance[index] += _held_out_deviance(part, number, along + shift, whole, likelihood)
        paths.append(path)
        estimates.append(estimate)
    best = int(deviance.argmin())
    net = ElasticNet([path[best] for path in paths], part.arms is not None)
    return CandidateFit(net, np.stack([estimate[:, best] for estimate in estimates])[..., None])


def _held_out_deviance(
    part: TrainingPart, member: int, estimate: Array, whole: Likelihood, training: Likelihood
) -> float:
    """Deviance of the patients that a member leaves out; of a partial likelihood, what they add to the others."""
    endpoint = part.endpoint
    if isinstance(endpoint, Response):
        rows = np.flatnonzero(endpoint.observed & (part.held_out_by == member))
        sign = np.where(endpoint.positive[rows], 1.0, -1.0)
        return float(np.logaddexp(0.0, -sign * estimate[rows]).sum())
    everyone, others = np.flatnonzero(endpoint.observed), part.training_rows(member)
    return len(everyone) * whole.loss(estimate[everyone]) - len(others) * training.loss(estimate[others])


def _features(batch: Batch, arms: Array | None) -> Array:
    """Covariates and all features of all views, missing values at the training mean, and the arm: (n, p)."""
    columns = [batch.covariates, *batch.views.values()]
    return np.hstack(columns if arms is None else [*columns, arms[:, None]]).astype(np.float64)


ELASTIC_NET = CandidateKind(_fit, ElasticNet)
