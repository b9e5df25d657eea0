"""Elastic net on all harmonized features: Cox regression, or logistic regression."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.linear.elastic_net import Likelihood, elastic_net, largest_penalty
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

STEP = 5
"""Number of penalties that are tried together."""


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

    See Verweij and van Houwelingen 1993, doi 10.1002/sim.4780122407, for the cross-validated partial likelihood. The
    paths end when the last few penalties are no better: the smallest ones take the longest.
    """
    observed = np.flatnonzero(part.endpoint.observed)
    whole = likelihood_of(part.endpoint.take(observed))
    members = [_Path(part, number) for number in range(len(part.folds))]
    deviance: list[float] = []
    while len(deviance) < len(PENALTIES) and len(deviance) - int(np.argmin([np.inf, *deviance])) <= STEP:
        fractions = PENALTIES[len(deviance) : len(deviance) + STEP]
        of_members = np.stack([member.extend(fractions, whole) for member in members])
        deviance += of_members.sum(axis=0).tolist()
    best = int(np.argmin(deviance))
    net = ElasticNet([member.coefficients[best] for member in members], part.arms is not None)
    return CandidateFit(net, np.stack([member.estimates[best] for member in members])[..., None])


class _Path:
    """Elastic nets of one member along decreasing penalties.

    The features are harmonized again for each extension, since those of all members would fill the memory.
    """

    def __init__(self, part: TrainingPart, member: int) -> None:
        self.part, self.member, self.rows = part, member, part.training_rows(member)
        self.likelihood = likelihood_of(part.endpoint.take(self.rows))
        self.largest: float | None = None
        self.coefficients: list[Array] = []
        self.estimates: list[Array] = []

    def extend(self, fractions: Array, whole: Likelihood) -> Array:
        """Fit more `fractions` of the largest penalty, and return the held-out deviance of each."""
        x = _features(self.part.patients.batch(self.member), self.part.arms)
        training, deviances = x[self.rows], []
        if self.largest is None:
            self.largest = largest_penalty(training, self.likelihood, L1_RATIO)
        for fraction in fractions:
            start = self.coefficients[-1] if self.coefficients else None
            b = elastic_net(training, self.likelihood, float(self.largest * fraction), L1_RATIO, start)
            self.coefficients.append(b)
            self.estimates.append(x @ b)
            deviances.append(self._deviance(x @ b, whole))
        return np.array(deviances)

    def _deviance(self, estimate: Array, whole: Likelihood) -> float:
        """Deviance of the patients that the member leaves out; of a partial likelihood, what they add to the others."""
        endpoint = self.part.endpoint
        if isinstance(endpoint, Response):
            # The intercept comes from the training patients.
            assert isinstance(self.likelihood, LogisticLikelihood)
            rows = np.flatnonzero(endpoint.observed & (self.part.held_out_by == self.member))
            odds = estimate[rows] + self.likelihood.intercept(estimate[self.rows])
            return float(np.logaddexp(0.0, -np.where(endpoint.positive[rows], 1.0, -1.0) * odds).sum())
        everyone = np.flatnonzero(endpoint.observed)
        others = len(self.rows) * self.likelihood.loss(estimate[self.rows])
        return len(everyone) * whole.loss(estimate[everyone]) - others


def _features(batch: Batch, arms: Array | None) -> Array:
    """Covariates and all features of all views, missing values at the training mean, and the arm: (n, p)."""
    columns = [batch.covariates, *batch.views.values()]
    return np.hstack(columns if arms is None else [*columns, arms[:, None]]).astype(np.float64)


ELASTIC_NET = CandidateKind(_fit, ElasticNet)
