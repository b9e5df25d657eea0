"""Views: their values, their overlap, and values that are repeated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cells.view_names import pairs_of_families
from omics.checks.finding import INFO, WARNING, Finding
from omics.cohort.h5mu import UNS
from omics.cohort.read import cohort_spec, observed_views
from omics.cohort.spec import ViewSpec
from omics.cohort.views import modality_of
from omics.events.stored_events import EXPOSURE
from omics.events.tumour_sizes import TUMOUR_SIZE
from omics.readers.notes import LEFT_OUT, TO_CHECK

if TYPE_CHECKING:
    from anndata import AnnData
    from mudata import MuData

__all__ = [
    "constant_views",
    "describe_views",
    "features_in_two_views",
    "left_out_by_readers",
    "overlap_of_views",
    "patients_without_views",
    "to_check_by_readers",
    "zeros_on_a_log_scale",
]

Array = NDArray[np.float64]

TWIN, NAMESAKE = 0.9, 0.5
"""Rank correlations above which two features in views of the same modality count as the same measurement: for any two
features, and for two features of the same name."""

PREFIX = re.compile(r"^([dlxo]|hsa)[^a-z0-9]+|[^a-z0-9]+")

MANY_ZEROS, LOG_GAP = 0.01, 2.0
"""Share of zeros among logarithms, and their distance to all others, from which they are no measurements."""

FEWEST_SHARED = 3
"""Number of pairs of views whose overlap is shown."""

FEWEST = 20
"""Number of patients that a correlation needs."""

MOST_FEATURES = 4000
"""Number of features per view that are compared with those of another view: those that vary most."""


def describe_views(cohort: MuData) -> Iterator[Finding]:
    """Describe each view: patients, features, share of missing values, range, and declared scale."""
    for name, view in cohort_spec(cohort).views.items():
        values = np.asarray(cohort[name].X)
        measured = np.isfinite(values)
        low, high = (float(f(values[measured])) if measured.any() else np.nan for f in (np.min, np.max))
        yield Finding(
            "view",
            INFO,
            name,
            f"{view.modality}, {len(values)} of {cohort.n_obs} patients, {values.shape[1]} features, "
            f"{1 - measured.mean():.1%} of values missing; values {low:g} to {high:g}, declared {view.scale}",
        )


def left_out_by_readers(cohort: MuData) -> Iterator[Finding]:
    """Report what a reader left out by the rules of its format, such as control samples."""
    for name in cohort_spec(cohort).views:
        for note in cohort[name].uns.get(LEFT_OUT, ()):
            yield Finding("left_out", INFO, name, str(note))


def zeros_on_a_log_scale(cohort: MuData) -> Iterator[Finding]:
    """Find logarithms with many values of exactly 0 far from all others: 0 stands for not detected there."""
    for name, view in cohort_spec(cohort).views.items():
        if view.scale != "log":
            continue
        values = np.asarray(cohort[name].X)
        measured = np.abs(values[np.isfinite(values)])
        others = measured[measured > 0]
        zeros = len(measured) - len(others)
        # Logarithms of x + 1 come close to 0 too; nothing lies between 0 and the others where 0 is no measurement.
        if len(others) and zeros >= MANY_ZEROS * len(measured) and np.quantile(others, 0.001) > LOG_GAP:
            yield Finding(
                "zeros_on_log_scale",
                WARNING,
                name,
                f"{zeros / len(measured):.0%} of the logarithms are exactly 0, and all others are at least "
                f"{others.min():.3g} from it: 0 seems to mean not detected; leave such cells empty",
            )


def overlap_of_views(cohort: MuData) -> Iterator[Finding]:
    """Count the patients who have every view, and those who have both views of a pair."""
    seen = observed_views(cohort)
    complete = int(seen.all(axis=1).sum())
    shared = sorted((int((seen[a] & seen[b]).sum()), f"{a} and {b}") for a, b in combinations(seen, 2))
    pairs = ", ".join(f"{names} {count}" for count, names in shared[:FEWEST_SHARED])
    tail = f" (patients with both, the fewest first: {pairs})" if pairs else ""
    yield Finding("overlap", INFO, "views", f"{complete} of {len(seen)} patients have every view{tail}")


def patients_without_views(cohort: MuData) -> Iterator[Finding]:
    """Count patients who have covariates and endpoints but no measurement."""
    if without_view := int((~observed_views(cohort).any(axis=1)).sum()):
        yield Finding(
            "no_view",
            WARNING,
            "views",
            f"{without_view} patient(s) have no view at all; they stay, with their covariates",
        )


def to_check_by_readers(cohort: MuData) -> Iterator[Finding]:
    """Report what reading found and a person should check, such as patients who are not in the samples table."""
    events = {name: cohort.uns[UNS].get(name, {}) for name in (EXPOSURE, TUMOUR_SIZE)}
    places = (
        {"samples": cohort.uns[UNS]} | events | {name: cohort[name].uns for name in cohort_spec(cohort).views}
    )
    for place, uns in places.items():
        for code, sentence in dict(uns.get(TO_CHECK, {})).items():
            yield Finding(str(code), WARNING, place, str(sentence))


def constant_views(cohort: MuData) -> Iterator[Finding]:
    """Find views in which no feature differs between patients: they predict nothing."""
    for name in cohort_spec(cohort).views:
        values = np.asarray(cohort[name].X)
        measured = np.isfinite(values)
        low = np.where(measured, values, np.inf).min(axis=0, initial=np.inf)
        high = np.where(measured, values, -np.inf).max(axis=0, initial=-np.inf)
        if not (high > low).any():
            yield Finding(
                "constant_view",
                WARNING,
                name,
                "no feature of this view differs between patients, so that it predicts nothing; remove it",
            )


def features_in_two_views(cohort: MuData) -> Iterator[Finding]:
    """Find measurements that two views of the same modality share, by their correlation."""
    views = cohort_spec(cohort).views
    # A gene in two types of cells is two measurements, however strongly they are correlated.
    same = pairs_of_families(views)
    for one, two in combinations(views, 2):
        if views[one].modality != views[two].modality or (one, two) in same:
            continue
        twins = _twins(cohort[one], views[one], cohort[two], views[two])
        if twins:
            shown = ", ".join(f"{a} and {b} (r {r:.2f})" for a, b, r in twins[:3])
            yield Finding(
                "duplicated_features",
                WARNING,
                f"{one}, {two}",
                f"{len(twins)} feature(s) seem to be measured in both views: {shown}"
                f"{', ...' if twins[3:] else ''}; they would count twice",
            )


def _twins(one: AnnData, first: ViewSpec, two: AnnData, second: ViewSpec) -> list[tuple[str, str, float]]:
    shared = one.obs_names.intersection(two.obs_names)
    if len(shared) < FEWEST:
        return []
    a, names_a = _ranks(one, first, shared)
    b, names_b = _ranks(two, second, shared)
    r = _correlation(a, b)
    plain_a, plain_b = ([_plain_name(name) for name in names] for names in (names_a, names_b))
    same = np.array(plain_a)[:, None] == np.array(plain_b)
    rows, columns = np.nonzero((r > TWIN) | (same & (r > NAMESAKE)))
    twins = [
        (str(names_a[int(i)]), str(names_b[int(j)]), float(r[i, j]))
        for i, j in zip(rows, columns, strict=True)
    ]
    return sorted(twins, key=lambda twin: -twin[2])


def _plain_name(name: str) -> str:
    """Name in lower case without punctuation and without the prefix of a stereoisomer.

    Examples
    --------
    >>> _plain_name("L.carnitine") == _plain_name("Carnitine")
    True
    """
    return PREFIX.sub("", name.lower())


def _ranks(view: AnnData, spec: ViewSpec, patients: pd.Index) -> tuple[Array, pd.Index]:
    """Centred ranks of the features that vary most, NaN where not measured."""
    values = modality_of(spec).transform(np.asarray(view[patients].X, dtype=np.float64), spec.scale)
    values = np.where(np.isfinite(values), values, np.nan)
    measured = np.isfinite(values).mean(axis=0) > 0.5  # noqa: PLR2004  # a correlation needs a majority
    spread = np.nan_to_num(np.nanstd(values[:, measured], axis=0))
    order = np.argsort(-spread, kind="stable")[:MOST_FEATURES]
    usable = np.flatnonzero(measured)[np.sort(order[spread[order] > 0])]
    ranks = pd.DataFrame(values[:, usable]).rank()
    return (ranks - ranks.mean()).to_numpy(), view.var_names[usable]


def _correlation(a: Array, b: Array) -> Array:
    """Correlations (p, q) of centred columns, over the patients who have both."""
    observed_a, observed_b = np.isfinite(a), np.isfinite(b)
    a, b = np.where(observed_a, a, 0.0), np.where(observed_b, b, 0.0)
    scale = np.sqrt(((a**2).T @ observed_b) * (observed_a.T @ b**2))
    correlation: Array = (a.T @ b) / np.where(scale > 0, scale, np.inf)
    return correlation
