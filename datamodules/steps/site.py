"""Site correction after ComBat, with fit and transform: location and spread of each feature at each site."""

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
"""Smallest number of patients to estimate the spread of a site; a smaller site is not corrected."""
FEWEST_FEATURES = 3
"""Smallest number of features to estimate the shrinkage of sites."""
ROUNDS, TOLERANCE = 100, 1e-4


@dataclass(frozen=True)
class SiteCorrection:
    """ComBat (Johnson et al. 2007, doi 10.1093/biostatistics/kxj037).

    The effects of covariates are estimated together with those of the sites and are preserved. Endpoints are never
    used. A site that is not in the training set gets no correction, unless :meth:`adapted` estimates one.

    Attributes
    ----------
    seen
        Names of all sites of training.
    sites
        (s,) names of the sites with a correction; the others had too few patients.
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
        no_sites = np.zeros((0, table.width))
        seen = [str(name) for name in np.unique(site[site != ""])]
        return cls(seen, [], no_sites, no_sites, mean, effect, scale)._with(table, large_sites(site))

    def adapted(self, table: ViewTable) -> Self:
        """Estimate the correction of sites that are not in the training set from the patients to correct.

        This is transductive: a patient's values then depend on those of other patients of the same site.
        """
        return self._with(table, [name for name in large_sites(table.patients.site) if name not in self.seen])

    def transform(self, values: Values, patients: PatientContext) -> Values:
        """Return the values (m, p) with location and spread of each known site set to those of all sites."""
        corrected = values.astype(np.float64)
        standard = self.standard(patients)
        for number, name in enumerate(self.sites):
            at = patients.site == name
            away = corrected[at] - standard[at] - self.scale * self.shift[number]
            corrected[at] = standard[at] + away / self.spread[number]
        return corrected.astype(np.float32)

    def standard(self, patients: PatientContext) -> Array:
        """(m, p) expected values of each patient at a mean site, given their covariates."""
        expected = np.tile(self.mean, (len(patients), 1))
        # Covariate by covariate: in a matrix product the rounding depends on the other patients.
        for column, effect in zip(patients.covariates.T, self.effect, strict=True):
            expected += column[:, None].astype(np.float64) * effect
        return expected

    def _with(self, table: ViewTable, sites: list[str]) -> Self:
        """Add corrections for `sites`, each estimated from its patients in `table`."""
        if not sites or table.width < FEWEST_FEATURES:
            return self
        count, center, spread = _moments(table, sites, self)
        shift, variance = np.zeros_like(center), np.ones_like(spread)
        for number in range(len(sites)):
            shift[number], variance[number] = _shrink(count[number], center[number], spread[number])
        return replace(
            self,
            sites=[*self.sites, *sites],
            shift=np.vstack([self.shift, shift]),
            spread=np.vstack([self.spread, np.sqrt(variance)]),
        )


def separable(site: NDArray[np.str_], covariates: NDArray[np.float32]) -> bool:
    """Return whether the effects of sites and covariates can be estimated separately.

    Parameters
    ----------
    site
        (n,) name of each patient's site.
    covariates
        (n, c) encoded covariates.

    Returns
    -------
    bool
        True if the design matrix of sites and covariates has full column rank.

    Examples
    --------
    >>> separable(np.array(["a", "a", "b", "b"]), np.array([[0], [0], [1], [1]], dtype=np.float32))
    False
    """
    varying = covariates[:, covariates.std(axis=0) > 0].astype(np.float64)
    design = np.column_stack([*(site == name for name in np.unique(site)), varying]).astype(np.float64)
    return bool(np.linalg.matrix_rank(design) == design.shape[1])


def large_sites(site: NDArray[np.str_]) -> list[str]:
    """Return the sites with enough patients to estimate a spread."""
    names, counts = np.unique(site[site != ""], return_counts=True)
    return [str(name) for name in names[counts >= FEWEST_PATIENTS]]


def _least_squares(design: Array, y: Array, measured: NDArray[np.bool_]) -> Array:
    """(p, d) coefficients of each row of `y` (p, n) on `design` (n, d), from the measured values."""
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


def _shrink(count: Array, mean: Array, variance: Array) -> tuple[Array, Array]:
    """Location and variance (p,) of one site, shrunk towards their means over features; 0 and 1 without data."""
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
    """Shape and scale of the inverse gamma prior of variances, by moments; the spread is at least 1e-12."""
    mean, spread = float(variance.mean()), max(float(variance.var(ddof=1)), 1e-12)
    return (2 * spread + mean**2) / spread, (mean * spread + mean**3) / spread
