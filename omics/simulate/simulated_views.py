"""Simulate measured values from known factors: one function per kind of view, and the registry VIEWS.

Every feature of every view has a latent value per patient, standard normal in the population: its
loadings times the factors, plus independent noise. A measuring function converts latent values to what
an instrument reports, so that the marginal distribution of a feature does not depend on its loadings.
Features are independent of each other given the factors; linkage along a chromosome is not simulated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

__all__ = ["VIEWS", "SimulatedView", "compose", "draw_loadings", "latent_values"]

Values = NDArray[np.float64]
Measure = Callable[[Values, np.random.Generator], Values]

LOADED = 0.4
"""Probability that a feature loads on a given factor; a feature that loads on none is only noise."""
COPY_NUMBER_SHARES = (0.02, 0.20, 0.56, 0.17, 0.05)
"""Shares of deep loss, loss, neutral, gain and amplification: -2 to 2, as GISTIC codes them."""
DISPERSION = 0.1
"""Negative binomial: variance = mean + dispersion * mean^2 at a given expected count."""
DETECTION = 0.3
"""A metabolite is below detection in up to this share of patients, half of it on average."""
HALF_LOST = 17.0
"""Log2 intensity at which half of the runs miss a protein."""
DEPTH = 20_000
"""Median reads of a microbiome sample."""


@dataclass(frozen=True)
class SimulatedView:
    """One kind of simulated view.

    Attributes
    ----------
    modality, scale
        As in ``cohort.yaml``.
    feature
        Prefix of the names of features; a gene has the same name in all views.
    measure
        Function of latent values (patients x features) and a generator that returns measured values of the same
        shape.
    batch
        Whether the site shifts the latent values; genotypes and mutation calls are not shifted.
    """

    modality: str
    scale: str
    feature: str
    measure: Measure
    batch: bool


def draw_loadings(factors: int, features: int, signal: float, rng: np.random.Generator) -> Values:
    """Draw sparse loadings.

    Parameters
    ----------
    factors, features
        Their numbers.
    signal
        Sum of squares of the loadings of a feature, unless it loads on no factor.
    rng
        Random generator.

    Returns
    -------
    array of float
        (features, factors) loadings.
    """
    loadings = np.where(
        rng.random((features, factors)) < LOADED, rng.standard_normal((features, factors)), 0.0
    )
    length = np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    scaled: Values = loadings * np.sqrt(signal) / np.where(length > 0, length, 1.0)
    return scaled


def latent_values(factors: Values, loadings: Values, rng: np.random.Generator) -> Values:
    """Draw latent values, each feature standard normal in the population.

    Parameters
    ----------
    factors
        (patients, factors) values of the factors.
    loadings
        (features, factors) loadings.
    rng
        Random generator.

    Returns
    -------
    array of float
        (patients, features) latent values.
    """
    unique = np.sqrt(np.maximum(1.0 - (loadings**2).sum(axis=1), 0.0))
    noise = rng.standard_normal((len(factors), len(loadings)))
    latent: Values = factors @ loadings.T + unique * noise
    return latent


def _mutation(latent: Values, rng: np.random.Generator) -> Values:
    # Most genes are rarely mutated, a few driver genes often.
    prevalence = np.clip(rng.beta(1.0, 8.0, latent.shape[1]), 0.02, 0.6)
    return (latent > _quantiles(1.0 - prevalence)).astype(np.float64)


def _copy_number(latent: Values, rng: np.random.Generator) -> Values:  # noqa: ARG001  # the cuts are fixed
    cuts = _quantiles(np.cumsum(COPY_NUMBER_SHARES)[:-1])
    return np.searchsorted(cuts, latent).astype(np.float64) - 2.0


def _dosage(latent: Values, rng: np.random.Generator) -> Values:
    # Cutting a normal variable at (1-q)^2 and 1-q^2 gives Hardy-Weinberg proportions for any loadings.
    minor = _uniform(rng, 0.05, 0.5, latent.shape[1])
    heterozygous = latent > _quantiles((1.0 - minor) ** 2)
    homozygous = latent > _quantiles(1.0 - minor**2)
    dosage: Values = heterozygous.astype(np.float64) + homozygous
    return dosage


def _counts(latent: Values, rng: np.random.Generator) -> Values:
    patients, genes = latent.shape
    weight = rng.lognormal(0.0, 1.5, genes)
    library = rng.lognormal(np.log(500.0 * genes), 0.3, (patients, 1))
    share = weight * np.exp(0.7 * latent)
    mean = library * share / share.sum(axis=1, keepdims=True)
    drawn = rng.poisson(mean * rng.gamma(1.0 / DISPERSION, DISPERSION, latent.shape))
    return np.asarray(drawn, dtype=np.float64)


def _log_intensity(latent: Values, rng: np.random.Generator) -> Values:
    level = rng.normal(20.0, 2.0, latent.shape[1])
    values = np.round(level + latent, 3)
    # Small values are missed more often: they are not missing at random.
    missed = rng.random(latent.shape) < 1.0 / (1.0 + np.exp(2.0 * (values - HALF_LOST)))
    missed[np.arange(len(values)), values.argmax(axis=1)] = False  # every run finds at least one protein
    return np.where(missed, np.nan, values)


def _intensity(latent: Values, rng: np.random.Generator) -> Values:
    features = latent.shape[1]
    level, spread = rng.normal(11.0, 1.5, features), rng.uniform(0.4, 0.9, features)
    limit = _quantiles(_uniform(rng, 0.01, DETECTION, features))
    return np.where(latent < limit, 0.0, np.round(np.exp(level + spread * latent), 1))


def _taxon_counts(latent: Values, rng: np.random.Generator) -> Values:
    composition = compose(latent, rng)
    depth = np.round(rng.lognormal(np.log(DEPTH), 0.4, len(latent))).astype(np.int64)
    return rng.multinomial(depth, composition).astype(np.float64)


def compose(latent: Values, rng: np.random.Generator) -> Values:
    """Draw relative abundances of taxa.

    Parameters
    ----------
    latent
        (patients, taxa) latent values.
    rng
        Random generator.

    Returns
    -------
    array of float
        (patients, taxa) shares; rows sum to one, and taxa that a patient does not have are zero.
    """
    patients, taxa = latent.shape
    abundance = 2.0 * rng.standard_normal(taxa)
    carried = rng.random((patients, taxa)) < rng.beta(1.0, 1.0, taxa)
    carried[:, np.argmax(abundance)] = True  # every patient has at least one taxon
    parts = np.where(carried, np.exp(abundance + latent), 0.0)
    composition: Values = parts / parts.sum(axis=1, keepdims=True)
    return composition


def _uniform(rng: np.random.Generator, low: float, high: float, size: int) -> Values:
    return low + (high - low) * rng.random(size)


def _quantiles(probabilities: Values) -> Values:
    inverse = NormalDist().inv_cdf
    return np.array([inverse(float(p)) for p in probabilities])


VIEWS = {
    "mutation": SimulatedView("genomics", "binary", "gene", _mutation, batch=False),
    "copy_number": SimulatedView("genomics", "copy_number", "gene", _copy_number, batch=False),
    "germline": SimulatedView("genomics", "dosage", "variant", _dosage, batch=False),
    "rna": SimulatedView("transcriptomics", "counts", "gene", _counts, batch=True),
    "protein": SimulatedView("proteomics", "log", "protein", _log_intensity, batch=True),
    "metabolite": SimulatedView("metabolomics", "intensity", "metabolite", _intensity, batch=True),
    "microbiome": SimulatedView("microbiome", "counts", "taxon", _taxon_counts, batch=True),
}
"""View -> its simulation; a new one is one function and one line here."""
