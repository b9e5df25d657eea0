"""Reconstruction error of measured values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.ood.reconstruction_error import reconstruction_error


@dataclass
class ViewBatch:
    """Three patients with views only, which is all that a reconstruction error needs."""

    views: dict[str, np.ndarray]
    observed: dict[str, np.ndarray]

    def __len__(self) -> int:
        return 3


class ConstantModel:
    """A factor model with a constant reconstruction."""

    def reconstruct(self, view: str, batch: object) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((3, 2)), np.array([[1.0, 2.0], [1.0, 2.0], [0.0, 1.0]])


def test_reconstruction_error_uses_measured_values_in_sds() -> None:
    """Rows: both values measured, (1 + 4) / 2; the first only, 1; none. A sd of 0 counts as 0.1."""
    values = np.array([[1.0, 4.0], [1.0, 9.0], [0.2, 0.0]], dtype=np.float32)
    measured = np.array([[True, True], [True, False], [False, False]])
    batch = ViewBatch({"a": values, "b": values}, {"a": measured, "b": ~measured})
    error = reconstruction_error(ConstantModel(), batch)
    np.testing.assert_allclose(error[:, 0], [2.5, 1.0, np.nan])
    np.testing.assert_allclose(error[:, 1], [np.nan, 4.5**2, 2.0], rtol=1e-6)
