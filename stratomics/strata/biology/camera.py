"""CAMERA: is a set of features more associated with a contrast than the other features are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.stats import t as student

from omics.common.errors import DataError
from stratomics.strata.biology.moderated import FeatureStatistics, feature_statistics

__all__ = ["SetTests", "camera", "camera_table", "membership"]

Array = NDArray[np.float64]

LEAST_SPREAD = 1e-9
"""Standard error of the difference of z scores that is no rounding."""


@dataclass(frozen=True)
class SetTests:
    """Tests of s sets for c contrasts.

    Attributes
    ----------
    size
        (s,) features of each set.
    correlation
        (s,) mean correlation between the features of a set, given the contrasts; NaN for one feature.
    t
        (s, c) statistic; positive: the features of the set rise with the contrast more than the others.
    p
        (s, c) two-sided p value.
    """

    size: NDArray[np.int64]
    correlation: Array
    t: Array
    p: Array


def membership(ids: Sequence[str], sets: Mapping[str, Sequence[str]]) -> csr_array:
    """Code sets as a sparse matrix.

    Parameters
    ----------
    ids
        (p,) id of each feature. Features with the same id belong to the same sets.
    sets
        Set -> ids of its features; those that are not among `ids` are left out.

    Returns
    -------
    scipy.sparse.csr_array
        (s, p), 1 where the feature belongs to the set.
    """
    places: dict[str, list[int]] = {}
    for place, one in enumerate(ids):
        places.setdefault(one, []).append(place)
    found = [sorted({place for one in members for place in places.get(one, ())}) for members in sets.values()]
    ends = np.cumsum([0, *map(len, found)])
    inside = np.fromiter((place for row in found for place in row), dtype=np.int64, count=int(ends[-1]))
    return csr_array((np.ones(len(inside)), inside, ends), shape=(len(found), len(ids)))


def camera(statistics: FeatureStatistics, members: csr_array) -> SetTests:
    """Test each set against the features outside it, with the correlation estimated from the residuals of the set.

    Parameters
    ----------
    statistics
        Of p features for c contrasts.
    members
        (s, p) sets, from :func:`membership`; a set has at least one feature, and not all.

    Returns
    -------
    SetTests
        CAMERA (Wu and Smyth 2012, doi 10.1093/nar/gks461): a two-sample t test of the z scores inside and outside of
        the set, in which the variance inside is inflated by ``1 + (m - 1) * correlation``, at least 1.

    Raises
    ------
    DataError
        If a set has no feature, or all features.
    """
    p = members.shape[1]
    size = np.diff(members.indptr).astype(np.int64)
    if len(size) and (size.min() == 0 or size.max() == p):
        what = "no feature" if size.min() == 0 else f"all {p} features"
        raise DataError(
            f"a set has {what} of the view, so that it cannot be compared with others; leave it out"
        )
    sums = members @ statistics.residuals.T
    inflation = (sums**2).sum(axis=1) / (statistics.df * size)
    correlation = np.divide(inflation - 1.0, size - 1.0, out=np.full(len(size), np.nan), where=size > 1)
    z = statistics.z
    outside = p - size
    delta = (p / outside)[:, None] * ((members @ z) / size[:, None] - z.mean(axis=0))
    pooled = ((p - 1) * z.var(axis=0, ddof=1) - delta**2 * (size * outside / p)[:, None]) / (p - 2)
    share = np.where(size > 1, np.maximum(inflation, 1.0), 1.0) / size + 1.0 / outside
    # Without variation between features, as of copies of one feature, no set differs from the others.
    spread = np.sqrt(np.maximum(pooled, 0.0) * share[:, None])
    t = np.divide(delta, spread, out=np.zeros_like(delta), where=spread > LEAST_SPREAD)
    return SetTests(size, correlation, t, 2.0 * student.sf(np.abs(t), min(statistics.df, p - 2)))


def camera_table(
    values: pd.DataFrame, contrasts: pd.DataFrame, sets: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Test sets of features for contrasts between patients.

    Parameters
    ----------
    values
        (n, p) values of patients x features without NaN, on a scale such as log2. All features that were measured and
        kept: they are what a set is compared with.
    contrasts
        (n, c) of the same patients, such as factors, or one column that is 1 in a group. Each is tested with the others
        in the model.
    sets
        Set -> names of its features.

    Returns
    -------
    pandas.DataFrame
        One row per contrast and set: ``contrast``, ``set``, ``n`` (features), ``correlation`` between them,
        ``direction`` (``up``: they rise with the contrast), ``p``.

    Raises
    ------
    DataError
        If a feature is listed twice, a set has none or all of the features, or there are too few patients.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> group = pd.DataFrame({"treated": np.repeat([0.0, 1.0], 10)})
    >>> values = pd.DataFrame(rng.normal(size=(20, 50))).add_prefix("g")
    >>> values.iloc[10:, :5] += 2.0
    >>> camera_table(values, group, {"shifted": ["g0", "g1", "g2", "g3", "g4"]})["direction"].item()
    'up'
    """
    if not values.index.equals(contrasts.index):
        raise DataError(
            "values and contrasts have other patients, or another order; give both the same index"
        )
    names = values.columns.astype(str)
    if not names.is_unique:
        name = names[names.duplicated()][0]
        raise DataError(f"feature '{name}' is listed twice; give each feature its own name, or merge the two")
    members = membership(list(names), sets)
    statistics = feature_statistics(values.to_numpy(dtype=np.float64), contrasts.to_numpy(dtype=np.float64))
    tests = camera(statistics, members)
    count, labels = len(sets), list(map(str, contrasts.columns))
    return pd.DataFrame(
        {
            "contrast": np.repeat(labels, count),
            "set": list(sets) * len(labels),
            "n": np.tile(tests.size, len(labels)),
            "correlation": np.tile(tests.correlation, len(labels)),
            "direction": np.where(tests.t.T.ravel() > 0, "up", "down"),
            "p": tests.p.T.ravel(),
        }
    )
