"""What a head promises: a loss and a prediction from its estimate, knowing only its own target."""

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
    0 for who was observed from the start, ``stratum`` (n,) int, ``weight`` (members, n): 1 where a member may learn
    from the patient, else 0.
    """

    event: Tensor
    time: Tensor
    cause: Tensor
    entry: Tensor
    stratum: Tensor
    weight: Tensor

    @property
    def strata(self) -> Tensor | None:
        """``stratum``, or None where there is but one."""
        return self.stratum if bool((self.stratum != self.stratum[:1]).any()) else None

    @property
    def late(self) -> Tensor | None:
        """``entry``, or None where nobody came late: most losses are quicker without."""
        return self.entry if bool((self.entry > 0).any()) else None


class ResponseTarget(NamedTuple):
    """Response of the n patients of a batch.

    ``positive`` (n,) bool, ``level`` (n,) int, ``weight`` (members, n) as for survival.
    """

    positive: Tensor
    level: Tensor
    weight: Tensor


class Target(Protocol):
    """A NamedTuple of tensors whose last dimension is the patients, ``weight`` the last of them."""

    @classmethod
    def _make(cls, iterable: Iterable[Any], /) -> Self: ...

    def __iter__(self) -> Iterator[Tensor]: ...


class Head(Protocol):
    """One kind of endpoint: a frozen dataclass of what it learned (arrays and names).

    ``target`` makes the head's own target of ``endpoint.outcome`` and the weights; ``calibration`` is what
    :meth:`calibrate` gives, to be loaded again. ``solved`` says whether Cox's or the logistic likelihood of one number
    a patient is the head's own, so that a linear path that was solved by it needs no training.
    """

    target: Callable[..., Any]
    calibration: type[Calibration]
    solved: bool

    @classmethod
    def fit(cls, endpoint: Any, /) -> Self:
        """Learn what must be known before training (cuts, levels) from the observed patients of the training part.

        All members share it: it is the scale on which they speak, and none is calibrated or evaluated by it.
        """
        ...

    @property
    def outputs(self) -> int:
        """Numbers that the network gives for a patient."""
        ...

    @property
    def lean(self) -> NDArray[np.float64]:
        """(outputs,) how the outputs move where a patient's log hazard, or log odds of a response, is higher by one."""
        ...

    def count(self, target: Any, /) -> Tensor:
        """(members,) number of events or patients that :meth:`loss` is the mean of."""
        ...

    def null_estimate(self, target: Any, /) -> Tensor | None:
        """(members, outputs) estimate of those who know nothing, or None if the scale has no zero of its own."""
        ...

    def loss(self, estimate: Tensor, target: Any) -> Tensor:
        """(members,) likelihood loss, the mean per event or patient, 0 and connected where a member has none."""
        ...

    def predict(self, estimate: Tensor) -> Tensor:
        """(members, n, p) what is predicted, in numbers of which a member's own mean means nothing."""
        ...

    def calibrate(self, estimate: NDArray[np.float64], endpoint: Any, /) -> Calibration:
        """Make true what was predicted (n, p), around each member's mean, of patients left out."""
        ...
