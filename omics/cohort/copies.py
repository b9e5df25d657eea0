"""Rows that are one patient: copies under other ids, and several samples of a patient; a split must not part them."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.spec import CohortSpec

if TYPE_CHECKING:
    from mudata import MuData

__all__ = [
    "COPIES",
    "COPY",
    "PATIENT",
    "SamePatient",
    "cohort_copies",
    "find_copies",
    "near_copies",
    "normal_tissue",
]

Values = NDArray[np.float64]

COPIES = "copies"
"""Key in ``uns`` of a cohort with the groups of rows that are one patient, as json."""

COPY = "copy "
"""Start of the reason of a group of copies, before the views that show it."""

BY_OUTCOME = "values and outcome"

PATIENT = {
    "patient",
    "patients",
    "subject",
    "donor",
    "case",
    "participant",
    "individual",
    "person",
    "mrn",
    "pid",
}
"""Words in the name of a column that has the patient of a row."""

BARCODE = re.compile(r"(TCGA-\w\w-\w{4})-(\d\d)")
"""Barcode of TCGA: the patient, and the type of the sample, from 10 to 19 for normal tissue."""

FEWEST_FEATURES, FEWEST_PATIENTS, FEWEST_LEVELS = 20, 10, 200
"""What a view needs so that equal profiles are no chance: features, patients, and different values."""

MOST_PATIENTS, MOST_FEATURES, INSPECTED = 4000, 1000, 5000
"""Size of what is compared: patients, features that vary most, and features among which these are chosen."""

SIMILAR = 0.9
"""Smallest correlation of two copies."""

BY_CHANCE = 1e-3
"""Expected number of pairs of different patients with such a correlation below which it is not chance."""

GAP = 0.5
"""Smallest distance to the correlation with any other patient, on Fisher's scale (atanh)."""

FLAT = 0.5
"""Share of the usual variation over features below which a profile is flat."""

NOT_CHANCE = 1e-6
"""p-value below which equal values with equal outcomes are copies."""


class SamePatient(NamedTuple):
    """Ids that are one patient.

    Attributes
    ----------
    why
        The column or barcode that says so, or COPY and the views that show it.
    ids
        The ids.
    outcome
        Whether all values and the outcomes are the same.
    """

    why: str
    ids: list[str]
    outcome: bool = False


def cohort_copies(cohort: MuData) -> list[SamePatient]:
    """Return the groups of ids of a cohort that are one patient, as found when it was read; none for most cohorts."""
    from omics.cohort.h5mu import UNS

    return [SamePatient(*group) for group in json.loads(cohort.uns[UNS].get(COPIES, "[]"))]


def find_copies(cohort: MuData, spec: CohortSpec) -> list[SamePatient]:
    """Find rows of a cohort that are one patient.

    Copies are ids with the same profile in a view, or with a profile that is far more similar than those of any other
    patients (:func:`near_copies`), or with the same values, covariates and outcome more often than chance allows.
    Samples of one patient are found by a column such as `patient`, within which the outcome does not differ, and by
    barcodes of TCGA. Views with values on disk are not compared.

    Parameters
    ----------
    cohort
        The cohort.
    spec
        Its specification.

    Returns
    -------
    list of SamePatient
        One entry per patient with several rows.
    """
    found = list(_samples_of_one_patient(cohort.obs, spec))
    pairs: list[tuple[str, str]] = []
    places: dict[str, set[str]] = {}
    for view in spec.views:
        for ids in _copies_in(cohort, spec, view):
            pairs += pairwise(ids)
            for one in ids:
                places.setdefault(one, set()).add(view)
    whole = _values_and_outcome(cohort, spec)
    for ids in _exact_copies(whole):
        pairs += pairwise(ids)
        for one in ids:
            places.setdefault(one, set()).add(BY_OUTCOME)
    known = [set(patient.ids) for patient in found]
    for ids in _joined(pairs):
        if any(set(ids) <= one for one in known):
            continue  # samples of one patient are alike
        shown = sorted({place for one in ids for place in places[one]})
        same = whole["both"].reindex(ids)
        found.append(
            SamePatient(COPY + ", ".join(shown), ids, bool(same.notna().all() and same.duplicated().any()))
        )
    return found


def normal_tissue(ids: Iterable[str]) -> NDArray[np.bool_]:
    """(n,) bool: the barcode of TCGA says that the sample is normal tissue."""
    found = (BARCODE.match(str(one)) for one in ids)
    return np.array([match is not None and match[2].startswith("1") for match in found], dtype=bool)


def near_copies(values: Values) -> list[list[int]]:
    """Find rows of measurements that are far more similar than any two patients are.

    Features are standardised over patients. Rows are copies if their correlation is at least SIMILAR, if less than
    BY_CHANCE pairs of different patients would reach it by Fisher's z with the variance that the correlations of all
    pairs have, and if it exceeds their correlations with all other rows by GAP on Fisher's scale. Groups of similar
    patients, such as subtypes, raise the variance and leave no gap. Flat profiles are alike and are not compared.

    Parameters
    ----------
    values
        (n, p) values on a scale without long tails, such as logarithms; NaN where not measured.

    Returns
    -------
    list of list of int
        Groups of rows, each sorted.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> values = rng.normal(size=(30, 200))
    >>> values[7] = values[2] + rng.normal(0, 0.1, 200)
    >>> near_copies(values)
    [[2, 7]]
    """
    n = len(values)
    if n < FEWEST_PATIENTS or n > MOST_PATIENTS or values.shape[1] < FEWEST_FEATURES:
        return []
    r = _correlations(values)
    pairs = r[np.triu_indices(n, 1)]
    others = pairs[pairs < SIMILAR]
    if not len(others) or len(others) == len(pairs):
        return []
    effective = 1 / max(float(np.var(others)), 1e-9)
    if effective <= 4:  # noqa: PLR2004  # Fisher's z needs more
        return []
    from scipy.stats import norm

    z = np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12))
    chance = norm.sf(z * np.sqrt(effective - 3)) * len(pairs)
    telling = _not_flat(values)
    close = (r >= SIMILAR) & (chance < BY_CHANCE) & telling[:, None] & telling
    np.fill_diagonal(close, val=False)
    groups = _joined([(int(i), int(j)) for i, j in np.argwhere(np.triu(close))])
    return [rows for rows in groups if _stands_apart(z, rows)]


def _not_flat(values: Values) -> NDArray[np.bool_]:
    """(n,) bool: the profile varies over features as others do; flat ones, as genomes without losses, are alike."""
    centred = values - np.nanmean(values, axis=0)
    spread = np.nanstd(values, axis=1)
    telling: NDArray[np.bool_] = spread >= FLAT * np.nanmedian(np.nanstd(centred, axis=1))
    return telling


def _stands_apart(z: Values, rows: list[int]) -> bool:
    inside = z[np.ix_(rows, rows)][np.triu_indices(len(rows), 1)]
    outside = np.delete(z[rows], rows, axis=1)
    return bool(outside.size == 0 or np.median(inside) - outside.max() >= GAP)


def _correlations(values: Values) -> Values:
    """Correlations (n, n) of rows over standardised features; a missing value counts as average."""
    measured = np.isfinite(values)
    count = np.maximum(measured.sum(axis=0), 1)
    centred = np.where(measured, values - np.where(measured, values, 0.0).sum(axis=0) / count, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / count)
    scores = np.clip(centred / np.where(spread > 0, spread, np.inf), -4, 4)
    scores -= scores.mean(axis=1, keepdims=True)
    length = np.sqrt((scores**2).sum(axis=1))
    scores /= np.where(length > 0, length, np.inf)[:, None]
    correlations: Values = scores @ scores.T
    return correlations


def _copies_in(cohort: MuData, spec: CohortSpec, name: str) -> Iterator[list[str]]:
    view = cohort[name]
    values = view.X
    if not isinstance(values, np.ndarray) or values.shape[1] < FEWEST_FEATURES or len(values) < 2:  # noqa: PLR2004  # a pair
        return
    # Few or coarse values may repeat by chance; many features with many levels do not.
    if len(np.unique(np.nan_to_num(values[: 10**5 // values.shape[1] + 2], nan=np.inf))) < FEWEST_LEVELS:
        return
    names = view.obs_names
    measured = np.isfinite(values).sum(axis=1) >= FEWEST_FEATURES
    rows = _row_hashes(values, names)[measured]
    for _, same in rows[rows.duplicated(keep=False)].groupby(rows, sort=False):
        yield [str(one) for one in same.index]
    if measured.sum() < FEWEST_PATIENTS:
        return
    thinned = values[:, :: max(1, values.shape[1] // INSPECTED)][measured]
    for group in near_copies(_comparable(thinned, spec.views[name].scale)):
        yield [str(names[measured][row]) for row in group]


def _row_hashes(values: Values, names: pd.Index) -> pd.Series[int]:
    """(n,) number of each row that is the same for the same values; one row at a time, as tables may be large."""
    return pd.Series([hash(np.nan_to_num(row, nan=np.inf).tobytes()) for row in values], names)


def _comparable(values: Values, scale: str) -> Values:
    """Choose the features that vary most, on a scale without long tails."""
    if scale in ("counts", "intensity", "relative", "cells"):
        total = np.nansum(values, axis=1, keepdims=True)
        values = np.log1p(1e4 * values / np.where(total > 0, total, 1.0))
    filled = np.where(np.isfinite(values), values, np.nan)
    present = np.isfinite(filled).mean(axis=0) > 0.5  # noqa: PLR2004  # a majority
    filled = filled[:, present]
    if not filled.size:
        return filled
    order = np.argsort(-np.nan_to_num(np.nanvar(filled, axis=0)), kind="stable")[:MOST_FEATURES]
    return filled[:, np.sort(order)]


def _values_and_outcome(cohort: MuData, spec: CohortSpec) -> pd.DataFrame:
    """For patients with an outcome, texts that are the same for the same `profile`, `outcome` and `both`."""
    outcomes = [
        name
        for e in spec.endpoints.values()
        for name in (e.time, e.event, e.column)
        if name is not None and name in cohort.obs
    ]
    if not outcomes or any(not isinstance(cohort[view].X, np.ndarray) for view in spec.views):
        return pd.DataFrame(columns=["profile", "outcome", "both"])
    known = cohort.obs[outcomes].notna().any(axis=1)
    outcome = cohort.obs[outcomes].astype(str).agg("|".join, axis=1)[known]
    profile = _profiles(cohort, spec)[known]
    return pd.DataFrame({"profile": profile, "outcome": outcome, "both": profile + "|" + outcome})


def _exact_copies(texts: pd.DataFrame) -> list[list[str]]:
    """Ids with the same values in all views, covariates and outcome, if this is more frequent than chance allows."""
    n, same = len(texts), _pairs(texts["both"])
    if not same or n < FEWEST_PATIENTS:
        return []
    from scipy.stats import binom

    by_chance = _pairs(texts["outcome"]) / (n * (n - 1) / 2)
    if binom.sf(same - 1, _pairs(texts["profile"]), by_chance) > NOT_CHANCE:
        return []
    both = texts["both"]
    return [[str(one) for one in ids.index] for _, ids in both.groupby(both, sort=False) if len(ids) > 1]


def _profiles(cohort: MuData, spec: CohortSpec) -> pd.Series[str]:
    """One text per patient that is the same for the same covariates and values in all views."""
    covariates = [name for name in spec.covariates if name in cohort.obs]
    texts = (
        cohort.obs[covariates].astype(str).agg("|".join, axis=1)
        if covariates
        else pd.Series("", cohort.obs_names)
    )
    profile = texts.astype(object)
    for view in spec.views:
        hashes = _row_hashes(np.asarray(cohort[view].X), cohort[view].obs_names).astype(str)
        profile = profile + "|" + hashes.reindex(cohort.obs_names).fillna("")
    return profile


def _pairs(column: pd.Series[Any]) -> int:
    counts = column.value_counts().to_numpy()
    return int((counts * (counts - 1) // 2).sum())


def _samples_of_one_patient(samples: pd.DataFrame, spec: CohortSpec) -> Iterator[SamePatient]:
    outcomes = [
        name for e in spec.endpoints.values() for name in (e.time, e.event, e.column) if name in samples
    ]
    if not outcomes:
        return
    barcodes = pd.Series(
        [match[1] if (match := BARCODE.match(str(one))) else None for one in samples.index], samples.index
    )
    candidates = {"the barcode of TCGA": barcodes}
    candidates |= {
        str(name): samples[name]
        for name in samples
        if PATIENT & set(re.split(r"[\W_]+", str(name).lower())) and samples[name].dtype.kind in "Oiu"
    }
    seen: set[tuple[str, ...]] = set()
    for name, patients in reversed(candidates.items()):
        repeated = patients[patients.notna() & patients.duplicated(keep=False)]
        if not len(repeated) or name in outcomes or name in spec.covariates:
            continue
        different = samples.loc[repeated.index, outcomes].groupby(repeated, sort=False).nunique(dropna=False)
        if (different > 1).any(axis=None):
            continue  # labels such as a type of patient
        for _, rows in repeated.groupby(repeated, sort=False):
            ids = tuple(map(str, rows.index))
            if ids not in seen:
                seen.add(ids)
                yield SamePatient(name, list(ids))


def _joined(pairs: Sequence[tuple[Any, Any]]) -> list[list[Any]]:
    """Sorted groups that pairs connect."""
    group: dict[Hashable, set[Any]] = {}
    for one, two in pairs:
        joined = group.get(one, {one}) | group.get(two, {two})
        for member in joined:
            group[member] = joined
    return sorted(
        sorted(members) for members in {id(members): members for members in group.values()}.values()
    )
