"""What a cohort holds after ``st.tl.factors``, checked and as named arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.factors.annotate import FACTORS, known_column, loadings_key
from omics.cohort.endpoints import Response, Survival
from omics.cohort.h5mu import UNS
from omics.cohort.read import cohort_endpoints
from omics.common.errors import InputError

if TYPE_CHECKING:
    from mudata import MuData

__all__ = [
    "UMAP",
    "StoredFactors",
    "associations_key",
    "checked_cohort",
    "primary_endpoint",
    "stored_factors",
    "stored_keys",
    "writable",
]

Array = NDArray[np.float64]

UMAP = "umap"
"""Key of UMAP in ``uns``, and in ``obsm`` with ``X_`` before it, where scanpy looks for it."""


@dataclass(frozen=True)
class StoredFactors:
    """Factors of a cohort.

    Attributes
    ----------
    key
        Key under which they are stored.
    names
        (k,) names of the factors.
    mean, sd
        (n, k) posterior means and standard deviations, times `scale`.
    known
        (n,) False for a patient without any view.
    scale
        (k,) root of the variance that each factor explains.
    variance_explained
        Views x factors.
    """

    key: str
    names: tuple[str, ...]
    mean: Array
    sd: Array
    known: NDArray[np.bool_]
    scale: Array
    variance_explained: pd.DataFrame

    def loadings(self, cohort: MuData) -> dict[str, pd.DataFrame]:
        """View -> loadings, one row per feature and one column per factor."""
        at = loadings_key(self.key)
        return {
            name: pd.DataFrame(view.varm[at], view.var_names, list(self.names))
            for name, view in cohort.mod.items()
            if at in view.varm
        }

    def number(self, factor: int | str) -> int:
        """Place of a factor, which is given by its number from 1, or by its name.

        Raises
        ------
        InputError
            If there is no such factor.
        """
        if factor in self.names:
            return self.names.index(str(factor))
        if isinstance(factor, int | np.integer) and 1 <= factor <= len(self.names):
            return int(factor) - 1
        raise InputError(
            f"no factor {factor!r}; choose a number from 1 to {len(self.names)}, or a name such as {self.names[0]!r}"
        )


def checked_cohort(cohort: MuData, *, write: bool = False) -> MuData:
    """Check that an argument is a cohort, and that it can be written to.

    Parameters
    ----------
    cohort
        The argument.
    write
        Whether something is to be written into it.

    Returns
    -------
    MuData
        The same object.

    Raises
    ------
    InputError
        If it is of another type, has no specification, or is a view of another cohort.
    """
    from mudata import MuData

    if not isinstance(cohort, MuData):
        raise InputError(
            f"a cohort is needed, and this is of type {type(cohort).__name__}; {_how_to_get(cohort)}"
        )
    if UNS not in cohort.uns:
        raise InputError("this MuData has no specification of a cohort; make one with st.cohort first")
    if write and cohort.is_view:
        raise InputError("this cohort is a view of another one; take a copy first: cohort.copy()")
    return cohort


def _how_to_get(other: object) -> str:
    """How to get a cohort from what was given instead."""
    return "read it with st.read_cohort" if isinstance(other, str | Path) else "make one with st.cohort"


def primary_endpoint(cohort: MuData) -> Survival | Response:
    """Primary endpoint of a cohort, to which a model can be fitted.

    Raises
    ------
    InputError
        If it is no cohort or has no endpoint.
    DataError
        If no patient had the event, or a class is empty.
    """
    endpoints = cohort_endpoints(checked_cohort(cohort))
    if not endpoints.named:
        raise InputError(
            "this cohort has no endpoint; name one in st.cohort(..., time=, event=) or response=, or in cohort.yaml"
        )
    return endpoints.primary()


def associations_key(key: str) -> str:
    """Key of ``uns`` with the associations of factors.

    Examples
    --------
    >>> associations_key("factors")
    'factors_associations'
    """
    return f"{key}_associations"


def writable(cohort: MuData, *, copy: bool) -> MuData:
    """Give the cohort that a tool writes into.

    Parameters
    ----------
    cohort
        The cohort.
    copy
        Whether to write into a copy.

    Returns
    -------
    MuData
        The cohort or its copy.
    """
    if not copy:
        return cohort
    copied = cohort.copy()
    # mudata makes integers of columns with whole numbers when it copies.
    copied.obs = cohort.obs.copy()
    return copied


def stored_keys(cohort: MuData) -> list[str]:
    """Keys under which a cohort has factors."""
    return [key for key in map(str, cohort.uns) if _is_stored(cohort, key)]


def stored_factors(cohort: MuData, key: str = FACTORS) -> StoredFactors:
    """Read the factors of a cohort.

    Parameters
    ----------
    cohort
        A cohort after ``st.tl.factors(cohort)``.
    key
        The key given as `key_added` there.

    Returns
    -------
    StoredFactors
        Factors in the order of the patients.

    Raises
    ------
    InputError
        If there are no factors of that name.
    """
    checked_cohort(cohort)
    if not _is_stored(cohort, key):
        raise InputError(_no_factors(key, stored_keys(cohort)))
    about = cohort.uns[key]
    return StoredFactors(
        key,
        tuple(map(str, about["names"])),
        np.asarray(cohort.obsm[f"X_{key}"], dtype=np.float64),
        np.asarray(cohort.obsm[f"X_{key}_sd"], dtype=np.float64),
        cohort.obs[known_column(key)].to_numpy(dtype=bool),
        np.asarray(about["scale"], dtype=np.float64),
        about["variance_explained"],
    )


def _is_stored(cohort: MuData, key: str) -> bool:
    about = cohort.uns.get(key)
    return hasattr(about, "keys") and "variance_explained" in about and f"X_{key}" in cohort.obsm


def _no_factors(key: str, stored: Iterable[str]) -> str:
    others = ", ".join(f"'{name}'" for name in stored)
    if others:
        return f"no factors with the key '{key}' in this cohort; it has those of {others}"
    call = "st.tl.factors(cohort)" if key == FACTORS else f"st.tl.factors(cohort, key_added='{key}')"
    return f"no factors in this cohort; run {call} first"
