"""Folds of patients, stratified by event or class, and by arm; related patients stay in the same fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.copies import cohort_copies
from omics.cohort.endpoints import Response, Survival
from omics.cohort.read import cohort_endpoints, cohort_spec
from omics.common.errors import CohortError, DataError
from omics.common.seeds import named_generator

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["Fold", "patient_groups", "stratified_folds"]

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """One split into training and test patients: sorted row numbers, disjoint, together all patients."""

    repeat: int
    number: int
    train: Rows
    test: Rows

    @property
    def label(self) -> str:
        """Name for display, counted from 1."""
        return f"repeat {self.repeat + 1}, fold {self.number + 1}"


def stratified_folds(cohort: MuData, folds: int, repeats: int, seed: int, *names: str | int) -> list[Fold]:
    """Split a cohort into `folds` folds, `repeats` times.

    Strata are event x arm, or class x arm, of the primary endpoint. Patients without this endpoint form separate
    strata.

    Parameters
    ----------
    cohort
        The patients to split.
    folds, repeats
        Number of folds per repeat, and number of repeats.
    seed, names
        Seed and name of the random generator; see :func:`omics.common.seeds.named_generator`.

    Returns
    -------
    list of Fold
        All folds, repeat by repeat.

    Raises
    ------
    DataError
        If a fold would have no event or would lack a class.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    spec = cohort_spec(cohort)
    endpoint = cohort_endpoints(cohort).primary()
    _check_numbers(endpoint, folds, spec.primary_endpoint)
    strata = _strata(cohort, endpoint, folds)
    groups = patient_groups(cohort)
    if groups is not None and groups.max() + 1 < folds:
        raise DataError(f"{groups.max() + 1} groups cannot be split into {folds} folds; lower split.folds")
    splitter = StratifiedKFold if groups is None else StratifiedGroupKFold
    parts = []
    for repeat in range(repeats):
        state = int(named_generator(seed, *names, "repeat", repeat).integers(2**31))
        split = splitter(folds, shuffle=True, random_state=state).split(strata, strata, groups)
        for number, (train, test) in enumerate(split):
            for label, patients in endpoint.required_groups.items():
                if not patients[test].any():
                    raise DataError(
                        f"fold {number + 1} of {folds} has no {label} of '{spec.primary_endpoint}'; lower split.folds"
                    )
            parts.append(Fold(repeat, number, np.sort(train), np.sort(test)))
    return parts


def _check_numbers(endpoint: Survival | Response, folds: int, name: str) -> None:
    for label, patients in endpoint.required_groups.items():
        if patients.sum() < folds:
            raise DataError(
                f"endpoint '{name}' has {patients.sum()} {label}(s) among the patients to split into {folds} folds, "
                f"so a fold would have no {label}; lower split.folds or split.inner_folds"
            )


def _strata(cohort: MuData, endpoint: Survival | Response, folds: int) -> NDArray[np.int64]:
    spec = cohort_spec(cohort)
    label = endpoint.label.astype(int)
    kind = np.where(endpoint.observed, label, max(2, label.max() + 1)).astype(str)
    if spec.arm is not None:
        kind = np.char.add(kind, cohort.obs[spec.arm.column].astype(str).to_numpy(dtype=str))
    labels, counts = np.unique(kind, return_counts=True)
    # A stratum with fewer patients than folds is merged with the other small strata, or with the largest stratum.
    small = np.isin(kind, labels[counts < folds])
    if small.any():
        kind = np.where(small, "" if small.sum() >= folds else labels[counts.argmax()], kind)
    codes: NDArray[np.int64] = np.unique(kind, return_inverse=True)[1]
    return codes


def patient_groups(cohort: MuData) -> NDArray[np.int64] | None:
    """(n,) code of each patient's group of related patients; None if no patients are related.

    Groups are those that the cohort declares, joined where patients are copies or samples of one patient
    (:mod:`omics.cohort.copies`).
    """
    declared = _declared_groups(cohort)
    same = [rows for group in cohort_copies(cohort) if len(rows := _rows_of(cohort, group.ids)) > 1]
    if not same:
        return declared
    codes = np.arange(cohort.n_obs) if declared is None else declared
    for rows in same:
        codes = np.where(np.isin(codes, codes[rows]), codes[rows].min(), codes)
    return pd.factorize(codes)[0].astype(np.int64)


def _rows_of(cohort: MuData, ids: list[str]) -> Rows:
    rows = cohort.obs_names.get_indexer(pd.Index(ids))
    known: Rows = rows[rows >= 0].astype(np.int64)
    return known


def _declared_groups(cohort: MuData) -> Rows | None:
    column = cohort_spec(cohort).group
    if column is None:
        return None
    groups = cohort.obs[column]
    if groups.isna().any():
        raise CohortError(
            "a patient has no group; enter a group for every patient, a group of one if they have no relatives",
            "missing_group",
            column=column,
            patient=str(cohort.obs_names[int(groups.isna().to_numpy().argmax())]),
        )
    codes: NDArray[np.int64] = pd.factorize(groups)[0].astype(np.int64)
    return codes
