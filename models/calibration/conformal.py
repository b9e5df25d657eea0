"""Conformal prediction for each patient: a set of responses, or a lower bound on survival time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from models.calibration.abstention import spread_limit
from models.calibration.censoring_model import conditional_censoring
from models.calibration.member_predictions import ResponseMembers, SurvivalMembers
from models.calibration.response_sets import ResponseSets, sets_as_text
from models.calibration.survival_bounds import SurvivalBounds
from models.survival.kaplan_meier import StepFunction
from models.uncertainty import Uncertainty, response_uncertainty, restricted_mean_uncertainty
from omics.cohort.endpoints import Response, Survival
from omics.common.files import read_json, write_json

__all__ = ["CONFORMAL", "Conformal", "ResponseConformal", "SurvivalConformal"]

Array = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]

TAXONOMIES = {"response_set": "label", "response_set_marginal": "marginal"}
CLASSES = ("negative", "positive")


class Conformal(Protocol):
    """Conformal prediction of an endpoint, fitted on the held-out predictions of training patients."""

    @classmethod
    def fit(
        cls,
        held_out: Any,
        all_members: Any,
        endpoint: Any,
        covariates: Array,
        fold: NDArray[np.int64],
        horizon: float,
        /,
    ) -> Self:
        """Learn from n patients; see :meth:`SurvivalConformal.fit`."""
        ...

    def too_few_patients(self) -> str | None:
        """Return a sentence if there are too few patients for the stated coverage, or None."""
        ...

    def columns(self, members: Any, plausible: Any) -> Columns:
        """Columns of ``predictions.parquet`` by name, (n,) each.

        Parameters
        ----------
        members
            Predictions of all members.
        plausible
            Predictions whose spread is the epistemic uncertainty: those of the members, further apart where candidates
            disagree.
        """
        ...

    def is_uncertain(self, members: Any, plausible: Any) -> NDArray[np.bool_]:
        """(n,) bool: True if the prediction is too uncertain to act upon; arguments as of :meth:`columns`."""
        ...

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        ...

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        ...


@dataclass(frozen=True)
class SurvivalConformal:
    """A lower bound on the survival time of each patient, and a limit for the spread of the members.

    Attributes
    ----------
    bounds
        Bounds, fitted on the curves of held-out patients.
    horizon
        Upper end of the restricted mean survival time.
    limit
        Limit of the standard deviation of the restricted mean over members, in units of time.
    """

    bounds: SurvivalBounds
    horizon: float
    limit: float

    @classmethod
    def fit(
        cls,
        held_out: SurvivalMembers,
        all_members: SurvivalMembers,
        endpoint: Survival,
        covariates: Array,
        fold: NDArray[np.int64],
        horizon: float,
    ) -> Self:
        """Learn from n patients.

        Parameters
        ----------
        held_out
            Curves (1, n, t), each by the member that held the patient out.
        all_members
            Curves (members, n, t) whose spread is the epistemic uncertainty.
        endpoint
            Survival of the n patients, observed in all of them.
        covariates
            (n, p) variables that censoring may depend on.
        fold
            (n,) number of the member that held each patient out.
        horizon
            Upper end of the restricted mean survival time.
        """
        curves = StepFunction(held_out.times, held_out.survival[0])
        if endpoint.entry is not None:
            bounds = SurvivalBounds.fit_with_entry(curves, endpoint.event, endpoint.time, endpoint.entry)
        else:
            censoring = conditional_censoring(covariates, endpoint.event, endpoint.time, fold)
            bounds = SurvivalBounds.fit(curves, endpoint.event, endpoint.time, censoring)
        spread = np.sqrt(
            restricted_mean_uncertainty(all_members.survival, all_members.times, horizon)[1].epistemic
        )
        return cls(bounds, horizon, spread_limit(spread))

    def too_few_patients(self) -> str | None:
        """Return a sentence on why all bounds are 0, or None."""
        return self.bounds.too_few_patients()

    def columns(self, members: SurvivalMembers, plausible: SurvivalMembers) -> Columns:
        """Return ``survival_bound``, and mean and standard deviations of the restricted survival time."""
        parts = self._uncertainty(plausible)
        return {
            "survival_bound": self.bounds(StepFunction(members.times, members.survival.mean(axis=0))),
            "restricted_mean": members.value(self.horizon).mean(axis=0),
            **{f"restricted_mean_{name}_sd": np.sqrt(part) for name, part in parts._asdict().items()},
        }

    def is_uncertain(self, _members: SurvivalMembers, plausible: SurvivalMembers) -> NDArray[np.bool_]:
        """(n,) bool: True if the epistemic spread is larger than in about 90% of the training patients."""
        spread: Array = np.sqrt(self._uncertainty(plausible).epistemic)
        return spread > self.limit

    def _uncertainty(self, plausible: SurvivalMembers) -> Uncertainty:
        return restricted_mean_uncertainty(plausible.survival, plausible.times, self.horizon)[1]

    def save(self, folder: Path, name: str) -> None:
        """Write json."""
        self.bounds.save(folder, f"{name}.bounds")
        write_json(folder / f"{name}.json", {"horizon": self.horizon, "limit": self.limit})

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings = read_json(folder / f"{name}.json")
        return cls(SurvivalBounds.load(folder, f"{name}.bounds"), settings["horizon"], settings["limit"])


@dataclass(frozen=True)
class ResponseConformal:
    """Sets of responses by column: with coverage within each class, and with marginal coverage."""

    sets: dict[str, ResponseSets]

    @classmethod
    def fit(
        cls,
        held_out: ResponseMembers,
        _all_members: ResponseMembers,
        endpoint: Response,
        _covariates: Array,
        fold: NDArray[np.int64],
        _horizon: float,
    ) -> Self:
        """Learn from n patients; see :meth:`SurvivalConformal.fit`."""
        probability, label = _both(held_out)[0], endpoint.positive.astype(np.int64)
        return cls(
            {
                name: ResponseSets.fit_unchecked(probability, label, fold, kind)
                for name, kind in TAXONOMIES.items()
            }
        )

    def too_few_patients(self) -> str | None:
        """Return a sentence on the classes that are in every set since they have too few patients, or None."""
        return self.sets["response_set"].too_few_patients()

    def columns(self, members: ResponseMembers, plausible: ResponseMembers) -> Columns:
        """Return both sets, and total, aleatoric and epistemic entropy in nats."""
        probability = _both(members)
        parts = response_uncertainty(plausible.probability)._asdict()
        return {
            **{name: sets_as_text(sets.predict(probability), CLASSES) for name, sets in self.sets.items()},
            **{f"response_entropy_{name}": part for name, part in parts.items()},
        }

    def is_uncertain(self, members: ResponseMembers, _plausible: ResponseMembers) -> NDArray[np.bool_]:
        """(n,) bool: True if the set does not contain exactly one class."""
        sets = self.sets["response_set"].predict(_both(members))
        uncertain: NDArray[np.bool_] = sets.sum(axis=1) != 1
        return uncertain

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        for column, sets in self.sets.items():
            sets.save(folder, f"{name}.{column}")

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        return cls({column: ResponseSets.load(folder, f"{name}.{column}") for column in TAXONOMIES})


def _both(members: ResponseMembers) -> Array:
    """(members, n, 2) probabilities of a negative and a positive response."""
    positive = members.value()
    return np.stack([1.0 - positive, positive], axis=-1)


CONFORMAL: dict[str, type[Conformal]] = {
    "survival": SurvivalConformal,
    "response": ResponseConformal,
}
