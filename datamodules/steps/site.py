"""Site correction: location and spread of each feature at each site, after ComBat, with a fit and a transform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from datamodules.view_table import PatientContext, Values, ViewTable

__all__ = ["SiteCorrection", "large_sites", "separable"]

Array = NDArray[np.float64]

FEWEST_PATIENTS = 2
"""Patients of a site that a spread needs; a smaller site is left as it is."""
FEWEST_FEATURES = 3
"""Features that the shrinkage of sites needs."""
ROUNDS, TOLERANCE = 100, 1e-4


@dataclass(frozen=True)
class SiteCorrection:
    """ComBat (Johnson et al. 2007, doi 10.1093/biostatistics/kxj037).

    Covariates are protected: their effect is estimated beside that of the sites and stays. Endpoints are never among
    them. A site that was not seen in training gets no correction, unless `adapted` to.

    Attributes
    ----------
    seen
        Names of all sites of training.
    sites
        (s,) names of those that are corrected; others had too few patients.
    shift, spread
        (s, p) location and scale of each site, shrunk over features, in units of `scale`.
    mean, effect, scale
        (p,) mean over sites, (c, p) effects of covariates, (p,) pooled standard deviation.
    """

    seen: Sequence[str]
    sites: Sequence[str]
    shift: Array
    spread: Array
    mean: Array
    effect: Array
    scale: Array

    @classmethod
    def fit(cls, table: ViewTable) -> Self:
        """Learn from training patients and their covariates."""
        site, covariates = table.patients.site, table.patients.covariates.astype(np.float64)
        design = np.column_stack([*(site == name for name in np.unique(site)), covariates]).astype(np.float64)
        levels = design.shape[1] - covariates.shape[1]
        mean, scale = np.zeros(table.width), np.zeros(table.width)
        effect = np.zeros((covariates.shape[1], table.width))
        for chosen, chunk in table.columns():
            y = chunk.astype(np.float64)
            measured = np.isfinite(y)
            coefficients = _least_squares(design, np.where(measured, y, 0.0), measured)
            weight = measured.astype(np.float64) @ design[:, :levels]
            count = np.maximum(weight.sum(axis=1), 1)
            mean[chosen] = (weight * coefficients[:, :levels]).sum(axis=1) / count
            effect[:, chosen] = coefficients[:, levels:].T
            rest = np.where(measured, y - coefficients @ design.T, 0.0)
            scale[chosen] = np.sqrt((rest**2).sum(axis=1) / count)
        nobody = np.zeros((0, table.width))
        seen = [str(name) for name in np.unique(site[site != ""])]
        return cls(seen, [], nobody, nobody, mean, effect, scale)._with(table, large_sites(site))

    def adapted(self, table: ViewTable) -> Self:
        """Learn sites that were not seen in training from the very patients that are to be corrected.

        That is transductive: a patient's values then depend on those of his site.
        """
        return self._with(table, [name for name in large_sites(table.patients.site) if name not in self.seen])

    def transform(self, values: Values, patients: PatientContext) -> Values:
        """(m, p) with location and spread of each known site brought to those of all."""
        corrected = values.astype(np.float64)
        standard = self.standard(patients)
        for number, name in enumerate(self.sites):
            at = patients.site == name
            away = corrected[at] - standard[at] - self.scale * self.shift[number]
            corrected[at] = standard[at] + away / self.spread[number]
        return corrected.astype(np.float32)

    def standard(self, patients: PatientContext) -> Array:
        """(m, p) what is expected of each patient at a mean site, from his covariates."""
        expected = np.tile(self.mean, (len(patients), 1))
        # Covariate by covariate: a product of matrices rounds a patient's sum by the company he is in.
        for column, effect in zip(patients.covariates.T, self.effect, strict=True):
            expected += column[:, None].astype(np.float64) * effect
        return expected

    def _with(self, table: ViewTable, sites: list[str]) -> Self:
        """Add `sites`, each from its patients in `table`."""
        if not sites or table.width < FEWEST_FEATURES:
            return self
        count, center, spread = _moments(table, sites, self)
        shift, variance = np.zeros_like(center), np.ones_like(spread)
        for number in range(len(sites)):
            shift[number], variance[number] = _shrunk(count[number], center[number], spread[number])
        return replace(
            self,
            sites=[*self.sites, *sites],
            shift=np.vstack([self.shift, shift]),
            spread=np.vstack([self.spread, np.sqrt(variance)]),
        )


def separable(site: NDArray[np.str_], covariates: NDArray[np.float32]) -> bool:
    """Whether the effects of sites and covariates can be told apart at all.

    Examples
    --------
    >>> separable(np.array(["a", "a", "b", "b"]), np.array([[0], [0], [1], [1]], dtype=np.float32))
    False
    """
    varying = covariates[:, covariates.std(axis=0) > 0].astype(np.float64)
    design = np.column_stack([*(site == name for name in np.unique(site)), varying]).astype(np.float64)
    return bool(np.linalg.matrix_rank(design) == design.shape[1])


def large_sites(site: NDArray[np.str_]) -> list[str]:
    """Give the sites with patients enough to learn a spread from."""
    names, counts = np.unique(site[site != ""], return_counts=True)
    return [str(name) for name in names[counts >= FEWEST_PATIENTS]]


def _least_squares(design: Array, y: Array, measured: NDArray[np.bool_]) -> Array:
    """(p, d) coefficients of each row of `y` (p, n) on `design` (n, d), from what was measured."""
    coefficients = y @ np.linalg.pinv(design).T
    holes = np.flatnonzero(~measured.all(axis=1))
    if len(holes):
        d = design.shape[1]
        products = (design[:, :, None] * design[:, None, :]).reshape(len(design), d * d)
        normal = (measured[holes].astype(np.float64) @ products).reshape(-1, d, d)
        right = (y[holes] @ design)[:, :, None]
        coefficients[holes] = (np.linalg.pinv(normal, hermitian=True) @ right)[:, :, 0]
    return coefficients


def _moments(table: ViewTable, sites: list[str], step: SiteCorrection) -> tuple[Array, Array, Array]:
    """(s, p) count, mean and variance of the standardised values of each site."""
    count, total, squares = (np.zeros((len(sites), table.width)) for _ in range(3))
    scale = np.where(step.scale > 0, step.scale, np.inf)
    for block in table:
        z = (block.values - step.standard(block.patients)) / scale
        measured = np.isfinite(z)
        z = np.where(measured, z, 0.0)
        for number, name in enumerate(sites):
            at = block.patients.site == name
            count[number] += measured[at].sum(axis=0)
            total[number] += z[at].sum(axis=0)
            squares[number] += (z[at] ** 2).sum(axis=0)
    mean = total / np.maximum(count, 1)
    variance = np.maximum(squares - count * mean**2, 0.0) / np.maximum(count - 1, 1)
    return count, mean, variance


def _shrunk(count: Array, mean: Array, variance: Array) -> tuple[Array, Array]:
    """Location and variance (p,) of one site, shrunk to what its features have in common; 0 and 1 without data."""
    shift, spread = np.zeros_like(mean), np.ones_like(mean)
    usable = (count >= FEWEST_PATIENTS) & (variance > 0)
    if usable.sum() < FEWEST_FEATURES:
        return shift, spread
    n, m, v = count[usable], mean[usable], variance[usable]
    center, between = m.mean(), m.var(ddof=1)
    a, b = _inverse_gamma(v)
    location, scale = m, v
    for _ in range(ROUNDS):
        before = location, scale
        location = (between * n * m + scale * center) / (between * n + scale)
        squares = (n - 1) * v + n * (m - location) ** 2
        scale = (squares / 2 + b) / (n / 2 + a - 1)
        change = max(
            float((np.abs(new - old) / np.maximum(np.abs(old), 1e-12)).max())
            for new, old in zip((location, scale), before, strict=True)
        )
        if change < TOLERANCE:
            break
    shift[usable], spread[usable] = location, scale
    return shift, spread


def _inverse_gamma(variance: Array) -> tuple[float, float]:
    """Shape and scale of the prior of variances, by moments; as flat as can be where they are all alike."""
    mean, spread = float(variance.mean()), max(float(variance.var(ddof=1)), 1e-12)
    return (2 * spread + mean**2) / spread, (mean * spread + mean**3) / spread
