"""Batch: harmonized patients, as every model sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.endpoints import Endpoints

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

    def present(self, view: str) -> NDArray[np.bool_]:
        """(n,) bool: the patient has `view`."""
        present: NDArray[np.bool_] = np.any(self.observed[view], axis=1)
        return present
