"""What a panel is to predict: an endpoint, or the benefit of treatment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from models.linear.elastic_net import Likelihood
from models.linear.group_ridge import likelihood_of
from omics.cohort.endpoints import Response, Survival

__all__ = ["BenefitTarget", "EndpointTarget", "PanelTarget"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


class PanelTarget(Protocol):
    """What the score of a panel is fitted to, in n patients."""

    @property
    def outcome(self) -> Survival | Response:
        """The endpoint."""
        ...

    @property
    def label(self) -> NDArray[np.generic]:
        """(n,) label by which patients are split into equal parts."""
        ...

    def take(self, rows: Rows) -> Self:
        """Select patients."""
        ...

    def likelihood(self) -> Likelihood:
        """Likelihood of one linear predictor per patient."""
        ...

    def inputs(self, x: Array) -> Array:
        """(n, p) columns of the linear predictor, from scores (n, p) of the analytes."""
        ...


@dataclass(frozen=True)
class EndpointTarget:
    """An endpoint, observed in all patients: the score is a log hazard, or the logit of a response."""

    outcome: Survival | Response

    @property
    def label(self) -> NDArray[np.generic]:
        """(n,) event or class."""
        return self.outcome.label

    def take(self, rows: Rows) -> Self:
        """Select patients."""
        return type(self)(self.outcome.take(rows))

    def likelihood(self) -> Likelihood:
        """Cox's partial likelihood, or the logistic one."""
        return likelihood_of(self.outcome)

    def inputs(self, x: Array) -> Array:
        """Return the scores as they are."""
        return x


@dataclass(frozen=True)
class BenefitTarget:
    """The effect of treatment on an endpoint: the score is that of a patient under treatment minus under control.

    Modified covariates: each analyte is multiplied by the arm, so that only its interaction with the arm is fitted
    (Tian et al. 2014, doi 10.1080/01621459.2014.951443). The arms must be randomised.

    Attributes
    ----------
    outcome
        The endpoint, observed in all patients.
    arm
        (n,) -1/2 control, +1/2 treated.
    """

    outcome: Survival | Response
    arm: Array

    @property
    def label(self) -> NDArray[np.generic]:
        """(n,) event or class within the arm."""
        label: NDArray[np.generic] = self.outcome.label.astype(np.int64) * 2 + (self.arm > 0)
        return label

    def take(self, rows: Rows) -> Self:
        """Select patients."""
        return type(self)(self.outcome.take(rows), self.arm[rows])

    def likelihood(self) -> Likelihood:
        """Cox's partial likelihood, or the logistic one."""
        return likelihood_of(self.outcome)

    def inputs(self, x: Array) -> Array:
        """Return the scores times the arm."""
        return x * self.arm[:, None]
