"""Protocol of heads: a head computes loss and prediction from its estimate, and uses only its target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from models.calibration.calibration import Calibration

__all__ = ["Head", "ResponseTarget", "SurvivalTarget", "Target"]


class SurvivalTarget(NamedTuple):
    """Survival of the n patients of a batch.

    ``event`` (n,) bool, ``time`` (n,) float > 0, ``cause`` (n,) int, 0 without an event, ``entry`` (n,) float,
    0 if observed from the start, ``stratum`` (n,) int, ``weight`` (members, n): 1 if the patient is a training patient
    of the member, else 0.
    """

    event: Tensor
    time: Tensor
    cause: Tensor
    entry: Tensor
    stratum: Tensor
    weight: Tensor

    @property
    def strata(self) -> Tensor | None:
        """``stratum``, or None if there is only one."""
        return self.stratum if bool((self.stratum != self.stratum[:1]).any()) else None

    @property
    def late(self) -> Tensor | None:
        """``entry``, or None without delayed entry, since most losses are faster without it."""
        return self.entry if bool((self.entry > 0).any()) else None


class ResponseTarget(NamedTuple):
    """Response of the n patients of a batch.

    ``positive`` (n,) bool, ``level`` (n,) int, ``weight`` (members, n) as in :class:`SurvivalTarget`.
    """

    positive: Tensor
    level: Tensor
    weight: Tensor


class Target(Protocol):
    """A NamedTuple of tensors with the patients as last dimension; ``weight`` is its last field."""

    @classmethod
    def _make(cls, iterable: Iterable[Any], /) -> Self: ...

    def __iter__(self) -> Iterator[Tensor]: ...


class Head(Protocol):
    """A head for one kind of endpoint: a frozen dataclass of its fitted values (arrays and names).

    ``target`` builds the target of the head from ``endpoint.outcome`` and the weights. ``calibration`` is the class
    that :meth:`calibrate` returns, for loading. ``exact_linear`` is True if the loss of the head is Cox's partial
    likelihood or the logistic likelihood of one number per patient. The linear path is then fitted exactly by a
    regression and needs no training.
    """

    target: Callable[..., Any]
    calibration: type[Calibration]
    exact_linear: bool

    @classmethod
    def fit(cls, endpoint: Any, /) -> Self:
        """Learn what is needed before training (cuts, levels) from the observed patients of the training set.

        All members share these values. They define the scale of the outputs and are not used for calibration or
        evaluation.
        """
        ...

    @property
    def outputs(self) -> int:
        """Number of outputs of the network per patient."""
        ...

    @property
    def linear_direction(self) -> NDArray[np.float64]:
        """(outputs,) change of the outputs when the log hazard, or the log odds of a response, increases by one."""
        ...

    def count(self, target: Any, /) -> Tensor:
        """(members,) number of events or patients that :meth:`loss` is the mean of."""
        ...

    def null_estimate(self, target: Any, /) -> Tensor | None:
        """(members, outputs) estimate without any information on the patient, or None if the scale is only relative."""
        ...

    def loss(self, estimate: Tensor, target: Any) -> Tensor:
        """(members,) mean loss per event or patient; 0, connected to the graph, for a member without any."""
        ...

    def predict(self, estimate: Tensor) -> Tensor:
        """(members, n, p) estimates to calibrate; the mean of a member over patients carries no information."""
        ...

    def calibrate(self, estimate: NDArray[np.float64], endpoint: Any, /) -> Calibration:
        """Fit the calibration to held-out estimates (n, p), centred at each member's mean."""
        ...
