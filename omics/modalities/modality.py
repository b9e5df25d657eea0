"""A modality: its allowed scales, and the transform of each to the harmonized scale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import CohortError, nearest

__all__ = ["Modality", "Transform"]

Transform = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Modality:
    """One kind of measurement.

    Every transform uses one patient (one row) at a time, so that nothing is learned from other patients.

    Attributes
    ----------
    name
        As written in ``cohort.yaml``.
    scales
        Allowed ``scale`` -> transform of an array (patients x features, NaN where not measured) to
        the harmonized scale, of the same shape.
    """

    name: str
    scales: Mapping[str, Transform]

    def transform(self, values: NDArray[np.float64], scale: str) -> NDArray[np.float64]:
        """Transform `values` (patients x features) from `scale` to the harmonized scale."""
        return self.scales[scale](values)

    def check_scale(self, scale: str, view: str, file: str) -> None:
        """Raise :class:`CohortError` if a view declares a scale that this modality does not have."""
        if scale not in self.scales:
            raise CohortError(
                f"view '{view}': scale '{scale}' is not one of {self.name}; {nearest(scale, self.scales)}",
                "unknown_scale",
                file=file,
            )
