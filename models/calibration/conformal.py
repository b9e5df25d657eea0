"""What is promised of each patient beside the prediction: a set of responses, or a lower bound on time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from models.calibration.abstention import spread_limit
from models.calibration.censoring_model import conditional_censoring
from models.calibration.member_predictions import ResponseMembers, SurvivalMembers
from models.calibration.response_sets import ResponseSets, written
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
    """Learned from what members said of patients whom they left out."""

    @classmethod
    def fit(
        cls,
        left_out: Any,
        everybody: Any,
        endpoint: Any,
        known: Array,
        fold: NDArray[np.int64],
        horizon: float,
        /,
    ) -> Self:
        """Learn from n patients; see :meth:`SurvivalConformal.fit`."""
        ...

    def shortfall(self) -> str | None:
        """Say why nothing can be promised, where that is so."""
        ...

    def columns(self, members: Any) -> Columns:
        """Name of a column of ``predictions.parquet`` -> (n,), of what all members say of n patients."""
        ...

    def unsure(self, members: Any) -> NDArray[np.bool_]:
        """(n,) whether the prediction itself says that it is unsure."""
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
    """A lower bound on the time of each patient, and the spread of members above which they disagree the most.

    Attributes
    ----------
    bounds
        Learned from the curves of patients left out.
    horizon
        Up to which time is restricted where its uncertainty is said.
    limit
        Spread of the restricted mean between members, in units of time.
    """

    bounds: SurvivalBounds
    horizon: float
    limit: float

    @classmethod
    def fit(
        cls,
        left_out: SurvivalMembers,
        everybody: SurvivalMembers,
        endpoint: Survival,
        known: Array,
        fold: NDArray[np.int64],
        horizon: float,
    ) -> Self:
        """Learn from n patients.

        Parameters
        ----------
        left_out
            What each patient's own member, which left him out, says: (1, n, t).
        everybody
            What all members say, (members, n, t).
        endpoint
            Of the n patients, all observed.
        known
            (n, p) what censoring may depend on.
        fold
            (n,) number of the member that left each out.
        horizon
            As the attribute.
        """
        curves = StepFunction(left_out.times, left_out.survival[0])
        if endpoint.entry is not None:
            bounds = SurvivalBounds.fit_late(curves, endpoint.event, endpoint.time, endpoint.entry)
        else:
            censoring = conditional_censoring(known, endpoint.event, endpoint.time, fold)
            bounds = SurvivalBounds.fit(curves, endpoint.event, endpoint.time, censoring)
        spread = np.sqrt(
            restricted_mean_uncertainty(everybody.survival, everybody.times, horizon)[1].epistemic
        )
        return cls(bounds, horizon, spread_limit(spread))

    def shortfall(self) -> str | None:
        """Say why all bounds are 0, where they are."""
        return self.bounds.shortfall()

    def columns(self, members: SurvivalMembers) -> Columns:
        """Give ``survival_bound`` and, of the time restricted to the horizon, its mean and standard deviations."""
        mean, parts = self._uncertainty(members)
        return {
            "survival_bound": self.bounds(StepFunction(members.times, members.survival.mean(axis=0))),
            "restricted_mean": mean,
            **{f"restricted_mean_{name}_sd": np.sqrt(part) for name, part in parts._asdict().items()},
        }

    def unsure(self, members: SurvivalMembers) -> NDArray[np.bool_]:
        """(n,) whether the members disagree more than about nine in ten patients of training."""
        spread: Array = np.sqrt(self._uncertainty(members)[1].epistemic)
        return spread > self.limit

    def _uncertainty(self, members: SurvivalMembers) -> tuple[Array, Uncertainty]:
        return restricted_mean_uncertainty(members.survival, members.times, self.horizon)

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
    """Sets of responses by column: kept within each class, and, beside them, to everybody taken together."""

    sets: dict[str, ResponseSets]

    @classmethod
    def fit(
        cls,
        left_out: ResponseMembers,
        _everybody: ResponseMembers,
        endpoint: Response,
        _known: Array,
        fold: NDArray[np.int64],
        _horizon: float,
    ) -> Self:
        """Learn from n patients; see :meth:`SurvivalConformal.fit`."""
        probability, label = _both(left_out)[0], endpoint.positive.astype(np.int64)
        return cls(
            {name: ResponseSets.of(probability, label, fold, kind) for name, kind in TAXONOMIES.items()}
        )

    def shortfall(self) -> str | None:
        """Say which class has too few patients, so that it is in every set."""
        return self.sets["response_set"].shortfall()

    def columns(self, members: ResponseMembers) -> Columns:
        """Give both sets, and the entropy in nats in its parts."""
        probability = _both(members)
        parts = response_uncertainty(members.probability)._asdict()
        return {
            **{name: written(own.predict(probability), CLASSES) for name, own in self.sets.items()},
            **{f"response_entropy_{name}": part for name, part in parts.items()},
        }

    def unsure(self, members: ResponseMembers) -> NDArray[np.bool_]:
        """(n,) whether the set does not name exactly one class."""
        named = self.sets["response_set"].predict(_both(members))
        unsure: NDArray[np.bool_] = named.sum(axis=1) != 1
        return unsure

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        for column, own in self.sets.items():
            own.save(folder, f"{name}.{column}")

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        return cls({column: ResponseSets.load(folder, f"{name}.{column}") for column in TAXONOMIES})


def _both(members: ResponseMembers) -> Array:
    """(members, n, 2) probabilities of a negative and of a positive response."""
    positive = members.value()
    return np.stack([1.0 - positive, positive], axis=-1)


CONFORMAL: dict[str, type[Conformal]] = {
    "survival": SurvivalConformal,
    "response": ResponseConformal,
}
