"""What a head promises: a loss and a prediction from its estimate, knowing only its own target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol, Self

from torch import Tensor

from models.calibration import Calibration

__all__ = ["Head", "ResponseTarget", "SurvivalTarget", "Target"]


class SurvivalTarget(NamedTuple):
    """Survival of the n patients of a batch.

    ``event`` (n,) bool, ``time`` (n,) float > 0, ``weight`` (members, n): 1 where a member may learn
    from the patient, else 0.
    """

    event: Tensor
    time: Tensor
    weight: Tensor


class ResponseTarget(NamedTuple):
    """Response of the n patients of a batch: ``positive`` (n,) bool, ``weight`` (members, n) as for survival."""

    positive: Tensor
    weight: Tensor


class Target(Protocol):
    """A NamedTuple of tensors whose last dimension is the patients, ``weight`` the last of them."""

    @classmethod
    def _make(cls, iterable: Iterable[Any], /) -> Self: ...

    def __iter__(self) -> Iterator[Tensor]: ...


class Head(Protocol):
    """One kind of endpoint. Estimates are (members, n, outputs).

    ``target`` makes the head's own target of what happened and the weights; ``calibration`` is what makes its
    predictions true.
    """

    outputs: int
    target: Callable[..., Any]
    calibration: type[Calibration]

    def start(self, target: Any) -> Tensor | None:
        """(members, outputs) estimate of those who know nothing, or None if the scale has no zero of its own."""
        ...

    def loss(self, estimate: Tensor, target: Any) -> Tensor:
        """(members,) likelihood loss, the mean per event or patient, 0 and connected where a member has none."""
        ...

    def predict(self, estimate: Tensor) -> Tensor:
        """(members, n) what is predicted for each patient."""
        ...
