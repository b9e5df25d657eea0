"""From known factors to measured values: one function a kind of table, and the table VIEWS.

Every feature of every view has a latent value per patient, standard normal in the population: its
loadings times the factors, plus noise of its own. A measuring function turns latent values into what
an instrument would report, so that a feature's marginal distribution does not depend on its loadings.
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
"""Chance that a feature loads on a given factor; what loads on none is noise alone."""
COPY_NUMBER_SHARES = (0.02, 0.20, 0.56, 0.17, 0.05)
"""Deep loss, loss, neutral, gain, amplification: -2 to 2 as GISTIC calls them."""
DISPERSION = 0.1
"""Negative binomial: variance = mean + dispersion * mean^2 at a given expected count."""
DETECTION = 0.3
"""A metabolite is below detection in up to this share of patients, half of it on average."""
HALF_LOST = 17.0
"""Log2 intensity at which a protein is missed by every second run."""
DEPTH = 20_000
"""Median reads of a microbiome sample."""


@dataclass(frozen=True)
class SimulatedView:
    """One kind of table.

    Attributes
    ----------
    modality, scale
        As in ``cohort.yaml``.
    feature
        Beginning of the feature names; a gene has one name in all views.
    measure
        Latent values (patients x features) and a generator -> measured values of the same shape.
    batch
        Whether the site shifts the latent values; genotypes and mutation calls do not drift.
    """

    modality: str
    scale: str
    feature: str
    measure: Measure
    batch: bool


def draw_loadings(factors: int, features: int, signal: float, rng: np.random.Generator) -> Values:
    """Draw sparse loadings, (features, factors); a row's sum of squares is `signal`, or 0."""
    loadings = np.where(
        rng.random((features, factors)) < LOADED, rng.standard_normal((features, factors)), 0.0
    )
    length = np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    scaled: Values = loadings * np.sqrt(signal) / np.where(length > 0, length, 1.0)
    return scaled


def latent_values(factors: Values, loadings: Values, rng: np.random.Generator) -> Values:
    """Latent values, (patients, features), each feature standard normal in the population."""
    unique = np.sqrt(np.maximum(1.0 - (loadings**2).sum(axis=1), 0.0))
    noise = rng.standard_normal((len(factors), len(loadings)))
    latent: Values = factors @ loadings.T + unique * noise
    return latent


def _mutation(latent: Values, rng: np.random.Generator) -> Values:
    # Most genes are mutated rarely, a few drivers often.
    prevalence = np.clip(rng.beta(1.0, 8.0, latent.shape[1]), 0.02, 0.6)
    return (latent > _quantiles(1.0 - prevalence)).astype(np.float64)


def _copy_number(latent: Values, rng: np.random.Generator) -> Values:  # noqa: ARG001  # the cuts are fixed
    cuts = _quantiles(np.cumsum(COPY_NUMBER_SHARES)[:-1])
    return np.searchsorted(cuts, latent).astype(np.float64) - 2.0


def _dosage(latent: Values, rng: np.random.Generator) -> Values:
    # Cutting a normal at (1-q)^2 and 1-q^2 gives Hardy-Weinberg proportions whatever the loadings.
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
    # The faint ones are missed more often: not at random.
    missed = rng.random(latent.shape) < 1.0 / (1.0 + np.exp(2.0 * (values - HALF_LOST)))
    missed[np.arange(len(values)), values.argmax(axis=1)] = False  # a run without any protein is no run
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
    """Relative abundances, (patients, taxa): rows sum to one, taxa that a patient lacks are zero."""
    patients, taxa = latent.shape
    abundance = 2.0 * rng.standard_normal(taxa)
    carried = rng.random((patients, taxa)) < rng.beta(1.0, 1.0, taxa)
    carried[:, np.argmax(abundance)] = True  # nobody is without microbes
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
"""View -> how it is simulated; a new one is one function and one line here."""
