"""Batch: harmonized patients, as every model sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.cohort.endpoints import Endpoints
from omics.common.errors import DataError

__all__ = ["Batch"]


@dataclass(frozen=True)
class Batch:
    """n patients on the harmonized scale.

    Attributes
    ----------
    sample_ids
        (n,) str.
    views
        View -> (n, p) float32, training features in training order, standardised, imputed, no NaN.
    observed
        View -> (n, p) bool: the value was measured. A row without any True lacks the whole view.
    covariates
        (n, c) float32, standardised numbers and one column a category.
    covariate_names
        (c,) names of those columns.
    endpoints
        Of the same n patients.
    """

    sample_ids: NDArray[np.str_]
    views: Mapping[str, NDArray[np.float32]]
    observed: Mapping[str, NDArray[np.bool_]]
    covariates: NDArray[np.float32]
    covariate_names: tuple[str, ...]
    endpoints: Endpoints

    def __len__(self) -> int:
        return len(self.sample_ids)

    def take(self, rows: NDArray[np.int64]) -> Batch:
        """Keep `rows`, in their order."""
        return Batch(
            self.sample_ids[rows],
            {name: values[rows] for name, values in self.views.items()},
            {name: seen[rows] for name, seen in self.observed.items()},
            self.covariates[rows],
            self.covariate_names,
            self.endpoints.take(rows),
        )

    @classmethod
    def concatenate(cls, batches: Iterable[Batch]) -> Batch:
        """Put the patients of batches of one harmonizer under each other; a batch alone is given back as it is.

        Raises
        ------
        DataError
            If there is no batch, or if batches differ in their views, features, covariates or endpoints.
        """
        parts = list(batches)
        if not parts:
            raise DataError("there are no batches, so no patients to put together; give at least one")
        first = parts[0]
        if len(parts) == 1:
            return first
        for number, part in enumerate(parts):
            if _columns(part) != _columns(first):
                raise DataError(
                    f"batch {number} differs from batch 0 in its views, features or covariates; "
                    "harmonize both with one Harmonizer"
                )
        return cls(
            np.concatenate([part.sample_ids for part in parts]),
            {name: np.concatenate([part.views[name] for part in parts]) for name in first.views},
            {name: np.concatenate([part.observed[name] for part in parts]) for name in first.views},
            np.concatenate([part.covariates for part in parts]),
            first.covariate_names,
            Endpoints.concatenate([part.endpoints for part in parts]),
        )

    def by_id(self) -> NDArray[np.int64]:
        """(n,) rows in the order of their ids: what goes along it is the same however the patients are ordered."""
        return np.argsort(self.sample_ids, kind="stable")

    def present(self, view: str) -> NDArray[np.bool_]:
        """(n,) bool: the patient has `view`."""
        present: NDArray[np.bool_] = np.any(self.observed[view], axis=1)
        return present

    def known(self, views: Iterable[str]) -> NDArray[np.bool_]:
        """(n,) bool: the patient has one of `views` at least."""
        known: NDArray[np.bool_] = np.any([self.present(view) for view in views], axis=0)
        return known


def _columns(batch: Batch) -> tuple[list[tuple[str, int]], tuple[str, ...]]:
    return [(name, values.shape[1]) for name, values in batch.views.items()], batch.covariate_names
