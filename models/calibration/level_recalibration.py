"""Recalibration of levels and classes on held-out patients: one slope, and intercepts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logit
from torch import Tensor

from models.calibration.member_predictions import ResponseMembers
from models.losses.response import cumulative_logit, level_log_probability, multinomial
from models.prediction import Prediction
from omics.cohort.endpoints import Response
from omics.common.errors import FitError
from omics.common.files import read_state, write_state

__all__ = ["LINKS", "LevelRecalibration", "Link"]

Array = NDArray[np.float64]

SHRINKAGE = 1.0
"""Ridge penalty on the standardised slope, in units of one patient. With few patients the slope shrinks towards 0,
where all patients have the frequencies of the levels."""


class Link(NamedTuple):
    """A loss ``(estimate, level)``, its log probabilities, and the estimates (k,) that give certain frequencies."""

    likelihood: Callable[[Tensor, Tensor], Tensor]
    log_probability: Callable[[Tensor], Tensor]
    of_frequency: Callable[[Array], Array]


@dataclass(frozen=True)
class LevelRecalibration:
    """Temperature scaling with intercepts: the calibrated estimate is ``intercepts + slope * estimate``.

    Guo et al. 2017, arXiv 1706.04599, with intercepts as in Platt scaling. The slope is never negative. At 0 all
    patients get the frequencies of the levels.

    Attributes
    ----------
    link
        A name in LINKS.
    slope
        Calibration slope >= 0.
    intercepts
        (k,) calibrated estimates without any information on the patient.
    levels
        Names of the levels.
    positive
        Which of them count as positive.
    """

    additive: ClassVar[bool] = False

    link: str
    slope: float
    intercepts: Array
    levels: tuple[str, ...]
    positive: tuple[str, ...]

    @classmethod
    def fit(cls, link: str, estimate: Array, response: Response) -> Self:
        """Learn from held-out estimates (n, k), centred at the means of their member.

        Raises
        ------
        FitError
            If an estimate is not finite.
        """
        if not np.isfinite(estimate).all():
            raise FitError("a held-out estimate of a response is not finite, so it cannot be calibrated")
        _, level = response.outcome
        counts = np.bincount(level, minlength=len(response.levels))
        # A level without patients counts as half a patient.
        smoothed = np.maximum(counts, 0.5)
        flat = LINKS[link].of_frequency(smoothed / smoothed.sum())
        spread = float(estimate.std(axis=0).max())
        slope, intercepts = 0.0, flat
        if spread > 0:
            slope, intercepts = _fitted(LINKS[link], estimate / spread, level, flat)
            slope /= spread
        names = tuple(response.levels[number] for number in np.flatnonzero(response.positive_levels))
        return cls(link, slope, intercepts, response.levels, names)

    def prediction(self, sample_ids: NDArray[np.str_], estimates: Array, endpoint: str) -> Prediction:
        """Predict from estimates (members, n, k): mean of the members' probabilities, and their standard deviation."""
        members = self.members(estimates)
        return Prediction.of_levels(
            sample_ids,
            endpoint,
            self.levels,
            members.probability.mean(axis=0),
            members.positive,
            members.value().std(axis=0, ddof=1),
        )

    def members(self, estimates: Array) -> ResponseMembers:
        """Return the members' probabilities, from their estimates (members, n, k)."""
        return ResponseMembers(self.probability(estimates), np.isin(self.levels, self.positive))

    def score(self, estimates: Array) -> Array:
        """(members, n) log odds of a positive level, from the members' estimates (members, n, k)."""
        value: Array = logit(self.members(estimates).value())
        return value

    def probability(self, estimate: Array) -> Array:
        """Calibrated probabilities (..., levels) of estimates (..., k)."""
        estimates = torch.from_numpy(self.intercepts + self.slope * estimate)
        return LINKS[self.link].log_probability(estimates).exp().numpy()

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        settings = {
            "link": self.link,
            "slope": self.slope,
            "levels": list(self.levels),
            "positive": list(self.positive),
        }
        write_state(folder, name, settings, {"intercepts": self.intercepts})

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        names = (tuple(settings[key]) for key in ("levels", "positive"))
        return cls(settings["link"], settings["slope"], arrays["intercepts"], *names)


def _fitted(link: Link, standard: Array, level: NDArray[np.int64], flat: Array) -> tuple[float, Array]:
    """Slope and intercepts of the maximum penalised likelihood."""
    x, y = torch.from_numpy(standard), torch.from_numpy(level)

    def cost(values: Array) -> tuple[float, Array]:
        at = torch.from_numpy(values).requires_grad_()
        loss = link.likelihood(at[1:] + at[0] * x, y) + SHRINKAGE / len(y) * at[0].square() / 2
        # A very small penalty, since a constant added to all logits does not change the likelihood.
        loss = loss + 1e-8 * (at[1:] - torch.from_numpy(flat)).square().sum()
        (gradient,) = torch.autograd.grad(loss, at)
        return float(loss.detach()), gradient.numpy()

    bounds = [(0.0, None)] + [(None, None)] * len(flat)
    start = np.concatenate([[0.0], flat])
    result = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-12}).x
    return (float(result[0]), result[1:]) if result[0] > 0 else (0.0, flat)


def _ordered(frequency: Array) -> Array:
    """Estimates (levels - 1,) of the likelihood of ordered levels that give `frequency` (levels,)."""
    above = np.cumsum(frequency[::-1])[::-1][1:]
    logit = np.log(above / (1.0 - above))
    return np.concatenate([logit[:1], logit[0] + np.log(np.expm1(-np.diff(logit)))])


LINKS = {
    "ordinal": Link(cumulative_logit, level_log_probability, _ordered),
    "multinomial": Link(multinomial, lambda logit: torch.log_softmax(logit, -1), np.log),
}
"""Ordered levels, with one score per patient, and unordered classes, with one estimate per class."""
