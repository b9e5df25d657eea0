"""What an explanation tells about single patients and about the model as a whole; plain values, without torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "Change",
    "Dependence",
    "FeatureReason",
    "GlobalImportance",
    "Neighbour",
    "PatientDetails",
    "Rationale",
    "Reason",
]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FeatureReason:
    """A feature, or a block of correlated features, that carries the contribution of a view.

    Attributes
    ----------
    name
        The feature with the largest contribution of the block.
    alike
        Number of further features of its block, which share the contribution.
    contribution
        Sum over the block.
    value
        Measured value of the feature, on the scale of the cohort; None if it was not measured.
    percentile
        Percent of the training patients below this value; None if not known.
    """

    name: str
    alike: int
    contribution: float
    value: float | None
    percentile: float | None


@dataclass(frozen=True)
class Reason:
    """A stable contribution of a covariate or a view.

    Attributes
    ----------
    name, kind
        Covariate or view.
    contribution, sd
        Contribution to the prediction, and its standard deviation over members and outer folds.
    members
        Number of members and outer folds with this sign, and number of all of them.
    value
        Value of the covariate; None for a view, and for a missing value.
    percentile
        Percent of the training patients with a lower value or, for a view, a lower contribution; None for a category.
    features
        What carries the contribution of a view, the largest first.
    """

    name: str
    kind: str
    contribution: float
    sd: float
    members: tuple[int, int]
    value: float | str | None
    percentile: float | None
    features: tuple[FeatureReason, ...]


@dataclass(frozen=True)
class Rationale:
    """Why a patient has their prediction.

    Attributes
    ----------
    sample_id
        The patient.
    scale
        ``log hazard`` or ``log odds``.
    prediction, reference
        On this scale; the reference is the mean of training patients.
    percentile
        Percent of the training patients with a lower prediction.
    time, chance, reference_chance
        Survival probability at this time, of the patient and of the reference; or, without a time, the probability of a
        response. None where curves are no proportional hazards.
    views
        All views together; None if their sum is not stable.
    support, opposing
        Up to three stable reasons in the direction of the prediction, seen from the reference, and two against it.
    other
        Sum of all contributions that are not among these reasons.
    unstable
        Number of covariates and views whose contribution is not stable.
    ranks
        Mean rank correlation of members and outer folds on which covariates and views matter most; None with one.
    missing
        Views that the patient lacks.
    """

    sample_id: str
    scale: str
    prediction: float
    reference: float
    percentile: float | None
    time: float | None
    chance: float | None
    reference_chance: float | None
    views: Reason | None
    support: tuple[Reason, ...]
    opposing: tuple[Reason, ...]
    other: float
    unstable: int
    ranks: float | None
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Neighbour:
    """A training patient near to a patient.

    Attributes
    ----------
    sample_id
        The training patient.
    distance
        Distance in the space of the factors.
    time, event
        Their survival; None without.
    response
        Whether they responded; None if not known.
    """

    sample_id: str
    distance: float
    time: float | None = None
    event: bool | None = None
    response: bool | None = None


@dataclass(frozen=True)
class Change:
    """A change of one input that changes the decision of the model.

    Attributes
    ----------
    name
        Factor or covariate.
    value, changed
        Its value, and the nearest value with another decision.
    size
        Distance between them in standard deviations of the training patients.
    before, after
        The decisions.
    """

    name: str
    value: float | str
    changed: float | str
    size: float
    before: str
    after: str


@dataclass(frozen=True)
class PatientDetails:
    """Everything about one patient.

    Attributes
    ----------
    rationale
        Reasons for the prediction.
    neighbours
        The nearest training patients.
    decision, changes
        What is decided, empty for nothing, and the smallest single changes that change it.
    missing
        View that the patient lacks -> standard deviation of the prediction over the values that it could have.
    abstain
        Why the model abstains; empty if it does not.
    """

    rationale: Rationale
    neighbours: tuple[Neighbour, ...]
    decision: str
    changes: tuple[Change, ...]
    missing: dict[str, float]
    abstain: str


@dataclass(frozen=True)
class Dependence:
    """Partial dependence on two inputs (Friedman 2001, doi 10.1214/aos/1013203451).

    Attributes
    ----------
    names
        The two inputs.
    values
        For each input (g,) values on the scale of the model: standard deviations from the training mean, or 0 and 1.
    alone
        For each input (g,) mean prediction when all patients have this value.
    together
        (g, g) the same for both inputs.
    interaction
        Share of the variance of `together` that is no sum of the two, Friedman and Popescu's H squared
        (doi 10.1214/07-AOAS148).
    """

    names: tuple[str, str]
    values: tuple[Array, Array]
    alone: tuple[Array, Array]
    together: Array
    interaction: float


@dataclass(frozen=True)
class GlobalImportance:
    """What matters to the model over all training patients.

    Attributes
    ----------
    table
        From :func:`stratomics.explanation.importance.importance_over_folds`, with the mean absolute contribution.
    agreement
        Rank correlation of importance and contribution over covariates and views; None with fewer than three.
    dependence
        Dependence on the two inputs that matter most.
    """

    table: pd.DataFrame
    agreement: float | None
    dependence: Dependence | None
