"""Batches of patients for the training of networks, in a new order at each epoch from a named random generator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader, IterableDataset

from omics.common.seeds import named_generator

__all__ = ["PatientBatches", "Selectable", "batch_loader"]


class Selectable(Protocol):
    """Data of patients, from which rows can be selected."""

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Select `rows`, in their order."""
        ...


T_co = TypeVar("T_co", bound=Selectable, covariant=True)


class PatientBatches(IterableDataset[T_co], Generic[T_co]):
    """Data of `n` patients, divided into batches of `size`.

    Parameters
    ----------
    whole
        Data of all patients.
    n
        Number of patients.
    size
        Patients per batch.
    seed
        Shuffle with this seed and the number of the epoch; None keeps the order.
    """

    def __init__(self, whole: T_co, n: int, size: int, seed: int | None) -> None:
        self.whole, self.n, self.size, self.seed = whole, n, size, seed
        self._epochs = 0

    def __iter__(self) -> Iterator[T_co]:
        order = np.arange(self.n)
        if self.seed is not None and self.n > self.size:
            order = named_generator(self.seed, "pass", self._epochs).permutation(self.n)
            self._epochs += 1
        for start in range(0, self.n, self.size):
            yield self.whole.take(order[start : start + self.size])


def batch_loader(batches: IterableDataset[T_co]) -> DataLoader[T_co]:
    """Lightning's loader for batches that are complete: nothing is collated, and there are no worker processes."""
    return DataLoader(batches, batch_size=None)
