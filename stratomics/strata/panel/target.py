"""What a panel is to predict: an endpoint, the benefit of treatment, or the score of the delivered model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from models.linear.elastic_net import Likelihood
from models.linear.group_ridge import likelihood_of
from models.linear.squared_error import SquaredError
from omics.cohort.endpoints import Response, Survival

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["BenefitTarget", "EndpointTarget", "ModelTarget", "PanelTarget", "Teacher"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


class Teacher(Protocol):
    """A model that is fitted to n patients, and scores each of them."""

    def __call__(self, patients: MuData) -> Array:
        """(n,) score of each patient, by a fit to others of these patients."""
        ...


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
        """Select patients, of whom nothing of the others may be known."""
        ...

    def half(self, rows: Rows) -> PanelTarget:
        """Select patients with what is known of all of them, for a selection that is repeated in parts of them."""
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

    def half(self, rows: Rows) -> Self:
        """Select patients."""
        return self.take(rows)

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

    def half(self, rows: Rows) -> Self:
        """Select patients."""
        return self.take(rows)

    def likelihood(self) -> Likelihood:
        """Cox's partial likelihood, or the logistic one."""
        return likelihood_of(self.outcome)

    def inputs(self, x: Array) -> Array:
        """Return the scores times the arm."""
        return x * self.arm[:, None]


@dataclass(frozen=True)
class ModelTarget:
    """The score of the delivered model, which learns from everything measured: distillation.

    The model is fitted again to exactly these patients, and scores each of them out of fold. So the scores of some
    patients hold nothing of the patients that were left out by :meth:`take`, unlike the out-of-fold scores of a run.

    Attributes
    ----------
    outcome
        The endpoint, observed in all patients: what the model learns, and what the panel is calibrated to.
    cohort, rows
        The patients are rows of a cohort.
    teacher
        Fits the model.
    """

    outcome: Survival | Response
    cohort: MuData
    rows: Rows
    teacher: Teacher

    @property
    def label(self) -> NDArray[np.generic]:
        """(n,) event or class."""
        return self.outcome.label

    def take(self, rows: Rows) -> Self:
        """Select patients, who will have other scores."""
        return type(self)(self.outcome.take(rows), self.cohort, self.rows[rows], self.teacher)

    @cached_property
    def score(self) -> Array:
        """(n,) scores with a standard deviation of 1; 0 if the model predicts all patients alike."""
        score = self.teacher(self.cohort[self.rows].copy())
        spread = float(score.std())
        return (score - score.mean()) / spread if spread > 0 else np.zeros_like(score)

    def half(self, rows: Rows) -> ScoreTarget:
        """Select patients with their scores of a fit to all of them."""
        return ScoreTarget(self.outcome.take(rows), self.score[rows])

    def likelihood(self) -> Likelihood:
        """Squared error of the score."""
        return SquaredError(self.score, 1.0)

    def inputs(self, x: Array) -> Array:
        """Return the scores of the analytes as they are."""
        return x


@dataclass(frozen=True)
class ScoreTarget:
    """Given scores of patients.

    Attributes
    ----------
    outcome
        The endpoint, observed in all patients.
    score
        (n,) scores.
    """

    outcome: Survival | Response
    score: Array

    @property
    def label(self) -> NDArray[np.generic]:
        """(n,) event or class."""
        return self.outcome.label

    def take(self, rows: Rows) -> Self:
        """Select patients."""
        return type(self)(self.outcome.take(rows), self.score[rows])

    def half(self, rows: Rows) -> Self:
        """Select patients."""
        return self.take(rows)

    def likelihood(self) -> Likelihood:
        """Squared error of the score."""
        return SquaredError(self.score, 1.0)

    def inputs(self, x: Array) -> Array:
        """Return the scores of the analytes as they are."""
        return x
