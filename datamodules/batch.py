"""Batch: harmonized patients, the input of every model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.cohort.endpoints import Endpoints

__all__ = ["Batch"]


@dataclass(frozen=True)
class Batch:
    """n patients on the harmonized scale.

    Attributes
    ----------
    sample_ids
        (n,) str.
    views
        View -> (n, p) float32: the training features in training order, standardised, imputed, without NaN.
    observed
        View -> (n, p) bool: True where the value was measured. A row without any True lacks the whole view.
    covariates
        (n, c) float32: standardised numbers, and one column per category.
    covariate_names
        (c,) names of the covariate columns.
    endpoints
        Endpoints of the same n patients.
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
        """Select `rows`, in the given order."""
        return Batch(
            self.sample_ids[rows],
            {name: values[rows] for name, values in self.views.items()},
            {name: observed[rows] for name, observed in self.observed.items()},
            self.covariates[rows],
            self.covariate_names,
            self.endpoints.take(rows),
        )

    def by_id(self) -> NDArray[np.int64]:
        """(n,) rows sorted by sample id; results computed in this order do not depend on the order of the patients."""
        return np.argsort(self.sample_ids, kind="stable")

    def present(self, view: str) -> NDArray[np.bool_]:
        """(n,) bool: True where the patient has `view`."""
        present: NDArray[np.bool_] = np.any(self.observed[view], axis=1)
        return present

    def measured_shares(self) -> NDArray[np.float64]:
        """(n, views) share of the features of each view that were measured; 0 for a view without features."""
        shares = [observed.sum(axis=1) / max(observed.shape[1], 1) for observed in self.observed.values()]
        return np.column_stack(shares).astype(np.float64)

    def known(self, views: Iterable[str]) -> NDArray[np.bool_]:
        """(n,) bool: True where the patient has at least one of `views`."""
        known: NDArray[np.bool_] = np.any([self.present(view) for view in views], axis=0)
        return known
