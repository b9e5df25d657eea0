"""Bridge between platforms: Deming regression on samples that were measured on both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from omics.common.errors import DataError
from omics.common.files import JsonObject

__all__ = ["Bridge", "BridgeLine", "deming"]

Array = NDArray[np.float64]

FEWEST = 10
"""Paired samples that a line needs."""


@dataclass(frozen=True)
class BridgeLine:
    """``training = intercept + slope * other``, with 95% intervals.

    Attributes
    ----------
    slope, intercept
        Estimates.
    slope_low, slope_high, intercept_low, intercept_high
        Ends of the intervals.
    samples
        Number of paired samples.
    """

    slope: float
    intercept: float
    slope_low: float
    slope_high: float
    intercept_low: float
    intercept_high: float
    samples: int


@dataclass(frozen=True)
class Bridge:
    """One line for each analyte of a panel, in its order, on the scale of the modality."""

    lines: tuple[BridgeLine, ...]

    @classmethod
    def fit(cls, other: Array, training: Array, names: Sequence[str], ratio: float = 1.0) -> Self:
        """Learn from samples measured on both platforms.

        Parameters
        ----------
        other, training
            (n, m) values on the other platform, and on that of the panel; rows with a missing or undetected value do
            not count for the analyte.
        names
            (m,) names of the analytes, for errors.
        ratio
            Variance of the error of `training` divided by that of `other`.

        Raises
        ------
        DataError
            If an analyte has fewer than ten paired samples, or its values do not vary together.
        """
        lines = []
        for name, x, y in zip(names, other.T, training.T, strict=True):
            both = np.isfinite(x) & np.isfinite(y)
            if both.sum() < FEWEST:
                raise DataError(
                    f"'{name}' has {int(both.sum())} samples measured on both platforms; a bridge needs {FEWEST}"
                )
            lines.append(deming(x[both], y[both], ratio, name))
        return cls(tuple(lines))

    def to_training(self, values: Array) -> Array:
        """Convert values (n, m) of the other platform; missing stays missing, and undetected undetected."""
        slope, intercept = (
            np.array([getattr(line, key) for line in self.lines]) for key in ("slope", "intercept")
        )
        return np.where(np.isfinite(values), intercept + slope * values, values)

    def to_json(self) -> JsonObject:
        """Content for json."""
        return {"lines": [asdict(line) for line in self.lines]}

    @classmethod
    def from_json(cls, content: JsonObject) -> Self:
        """Read what :meth:`to_json` returned."""
        return cls(tuple(BridgeLine(**line) for line in content["lines"]))


def deming(x: Array, y: Array, ratio: float = 1.0, name: str = "the analyte") -> BridgeLine:
    """Deming regression of y on x, both measured with error.

    Intervals are those of the jackknife (Linnet 1990, doi 10.1002/sim.4780091210).

    Parameters
    ----------
    x, y
        (n,) each.
    ratio
        Variance of the error of `y` divided by that of `x`.
    name
        Name of the analyte, for errors.

    Returns
    -------
    BridgeLine
        Slope and intercept.

    Raises
    ------
    DataError
        If x and y do not vary together.

    Examples
    --------
    >>> x = np.arange(10.0)
    >>> line = deming(x, 1 + 2 * x)
    >>> round(line.slope, 6), round(line.intercept, 6)
    (2.0, 1.0)
    """
    slope, intercept = _line(x, y, ratio)
    if not slope > 0:
        raise DataError(
            f"'{name}': values of the two platforms do not increase together; check the pairs, or take another analyte"
        )
    n = len(x)
    without = np.array([_line(np.delete(x, i), np.delete(y, i), ratio) for i in range(n)])
    pseudo = n * np.array([slope, intercept]) - (n - 1) * without
    width = student.ppf(0.975, n - 2) * pseudo.std(axis=0, ddof=1) / np.sqrt(n)
    low, high = np.array([slope, intercept]) - width, np.array([slope, intercept]) + width
    return BridgeLine(slope, intercept, float(low[0]), float(high[0]), float(low[1]), float(high[1]), n)


def _line(x: Array, y: Array, ratio: float) -> tuple[float, float]:
    u, q = ((v - v.mean()) @ (v - v.mean()) for v in (x, y))
    p = float((x - x.mean()) @ (y - y.mean()))
    if p == 0:
        return 0.0, float(y.mean())
    difference = q - ratio * u
    slope = float((difference + np.sqrt(difference**2 + 4 * ratio * p**2)) / (2 * p))
    return slope, float(y.mean() - slope * x.mean())
