"""Transforms to a harmonized scale, one patient at a time.

NaN (not measured) stays NaN, except on the scale of cells; minus infinity means "measured, and below detection".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from omics.modalities.amounts import composition

__all__ = ["beta_to_m", "cells_to_clr", "clr", "identity", "log2_intensity", "log_cpm", "log_relative_to_clr"]

Values = NDArray[np.float64]

BELOW = 0.65
"""Factor of the smallest positive part that replaces a zero."""


def identity(values: Values) -> Values:
    """Return the values unchanged."""
    return values


def log_cpm(counts: Values) -> Values:
    """Log2 counts per million with an offset of half a count.

    As in voom (Law et al. 2014, doi 10.1186/gb-2014-15-2-r29).

    Examples
    --------
    >>> log_cpm(np.array([[0.0, 999_999.0]])).round(2)
    array([[-1.  , 19.93]])
    """
    library = np.nansum(counts, axis=1, keepdims=True)
    library = np.where(library > 0, library, np.nan)  # a patient without any read was not measured
    logs: Values = np.log2((counts + 0.5) / (library + 1.0) * 1e6)
    return logs


def log2_intensity(intensity: Values) -> Values:
    """Log2; zero means below detection and becomes minus infinity, which a later step of harmonization replaces.

    Examples
    --------
    >>> log2_intensity(np.array([[0.0, 8.0, np.nan]]))
    array([[-inf,   3.,  nan]])
    """
    logs: Values = np.log2(np.where(intensity > 0, intensity, np.where(intensity == 0, 1.0, np.nan)))
    return np.where(intensity == 0, -np.inf, logs)


def beta_to_m(beta: Values) -> Values:
    """Methylation beta value to M-value, with beta clipped to [0.001, 0.999].

    Du et al. 2010, doi 10.1186/1471-2105-11-587.

    Examples
    --------
    >>> beta_to_m(np.array([[0.5, 0.8]]))
    array([[0., 2.]])
    """
    clipped = np.clip(beta, 0.001, 0.999)
    return np.log2(clipped / (1.0 - clipped))


def clr(composition: Values) -> Values:
    """Centred log-ratio with multiplicative replacement of zeros.

    Martin-Fernandez et al. 2003, doi 10.1023/A:1023866030544.
    A zero becomes 0.65 times the smallest positive part of the same patient, so that it stays below every detected
    part; the ratios of all other parts do not change. A patient without any count is not measured.

    Examples
    --------
    >>> clr(np.array([[1.0, 1.0, 2.0]])).round(3)
    array([[-0.231, -0.231,  0.462]])
    """
    smallest = np.min(np.where(composition > 0, composition, np.inf), axis=1, keepdims=True)
    smallest = np.where(np.isfinite(smallest), smallest, np.nan)
    logs = np.log(np.where(composition == 0, BELOW * smallest, composition))
    measured = np.isfinite(logs)
    count = np.maximum(measured.sum(axis=1, keepdims=True), 1)
    centred: Values = logs - np.where(measured, logs, 0.0).sum(axis=1, keepdims=True) / count
    return centred


def cells_to_clr(cells: Values) -> Values:
    """Convert numbers of cells to centred log-ratios by :func:`clr`.

    A cell type that a patient lacks, or that a table does not have, counts as no cell: so a patient has the same values
    alone as in a table with others, who have more types. Without a number for any type, nothing was measured.

    Examples
    --------
    >>> cells_to_clr(np.array([[13.0, np.nan, 26.0]])).round(2)
    array([[-0.09, -0.52,  0.61]])
    """
    measured = np.isfinite(cells).any(axis=1, keepdims=True)
    return clr(np.where(np.isnan(cells) & measured, 0.0, cells))


def log_relative_to_clr(log10_relative: Values) -> Values:
    """Convert log10 relative abundances to a composition, then apply :func:`clr`."""
    return clr(composition(log10_relative))
