"""What a head promises: a loss and a prediction from its estimate, knowing only its own target."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from torch import Tensor

__all__ = ["Head", "SurvivalTarget"]


class SurvivalTarget(NamedTuple):
    """Survival of the n patients of a batch.

    ``event`` (n,) bool, ``time`` (n,) float > 0, ``weight`` (members, n): 1 where a member may learn
    from the patient, else 0.
    """

    event: Tensor
    time: Tensor
    weight: Tensor


class Head(Protocol):
    """One kind of endpoint. Estimates are (members, n, outputs)."""

    outputs: int

    def loss(self, estimate: Tensor, target: SurvivalTarget) -> Tensor:
        """(members,) likelihood loss, the mean per event, 0 and connected where a member has none."""
        ...

    def predict(self, estimate: Tensor) -> Tensor:
        """(members, n) what is predicted for each patient."""
        ...
