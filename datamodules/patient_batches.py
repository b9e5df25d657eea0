"""Patients in ready batches, in a new order each pass, from one named generator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader, IterableDataset

from omics.common.seeds import named_generator

__all__ = ["PatientBatches", "Takeable", "batch_loader"]


class Takeable(Protocol):
    """Patients that can be picked by row number."""

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Keep `rows`, in their order."""
        ...


T_co = TypeVar("T_co", bound=Takeable, covariant=True)


class PatientBatches(IterableDataset[T_co], Generic[T_co]):
    """`n` patients cut into batches of `size`.

    Parameters
    ----------
    whole
        Something with ``take``.
    n
        How many patients it holds.
    size
        Patients a batch.
    seed
        Shuffle with this seed and the number of the pass; None keeps the order.
    """

    def __init__(self, whole: T_co, n: int, size: int, seed: int | None) -> None:
        self.whole, self.n, self.size, self.seed = whole, n, size, seed
        self._passes = 0

    def __iter__(self) -> Iterator[T_co]:
        order = np.arange(self.n)
        if self.seed is not None and self.n > self.size:
            order = named_generator(self.seed, "pass", self._passes).permutation(self.n)
            self._passes += 1
        for start in range(0, self.n, self.size):
            yield self.whole.take(order[start : start + self.size])


def batch_loader(batches: IterableDataset[T_co]) -> DataLoader[T_co]:
    """Wrap for Lightning; batches come ready, so nothing is collated or sent between processes."""
    return DataLoader(batches, batch_size=None)
