"""Views and clinical table of a cohort in memory: taken from MuData, AnnData, data frames or a file of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.h5mu import allow_shared_feature_names
from omics.cohort.spec import ViewSpec
from omics.cohort.views import check_scale, check_view
from omics.common.errors import CohortError, InputError
from omics.common.registry import resolve
from omics.infer.guess import words
from omics.infer.modality_of_table import guess_modality
from omics.infer.scale_of_table import guess_scale
from omics.modalities import MODALITIES
from omics.readers.matrix import check_unique, check_unique_patients, numbers

if TYPE_CHECKING:
    from anndata import AnnData
    from mudata import MuData

__all__ = ["VIEW", "MemoryTables", "MemoryView", "read_memory", "typed_view"]

log = logging.getLogger(__name__)

CLINICAL = "clinical"
"""Name of the view that only lists all patients."""

VIEW = "view"
"""Key of ``uns`` under which a table says its modality and its scale."""

DATA = "data"
"""Place that errors name."""


@dataclass(frozen=True)
class MemoryView:
    """One view.

    Attributes
    ----------
    values
        Patients x features.
    var
        Annotation of the features.
    modality, scale
        As the table declares them in ``uns``; None if it does not.
    """

    values: pd.DataFrame
    var: pd.DataFrame
    modality: str | None = None
    scale: str | None = None


@dataclass(frozen=True)
class MemoryTables:
    """Views by name, and the clinical table, one row per patient."""

    views: dict[str, MemoryView]
    clinical: pd.DataFrame

    def with_outcome(
        self, outcome: NDArray[Any], time: str | None, event: str | None
    ) -> tuple[MemoryTables, str, str]:
        """Add the columns of a structured array of events and times to the clinical table.

        Raises
        ------
        CohortError
            If time or event are named too, the array is not of events and times, or its length is another one.
        """
        if time is not None or event is not None:
            raise CohortError("outcome holds events and times; leave time and event out", "foreign_key")
        kinds = (
            {}
            if outcome.dtype.fields is None
            else {n: outcome.dtype[n].kind for n in outcome.dtype.names or ()}
        )
        if sorted(kinds.values()) != ["b", "f"]:
            raise CohortError(
                "outcome is not an array of events and times; give a structured array with one field of bool and one "
                "of float",
                "wrong_type",
            )
        if len(outcome) != len(self.clinical):
            raise CohortError(
                f"outcome has {len(outcome)} patients and the clinical table {len(self.clinical)}; give them "
                "in the same order",
                "unknown_patient",
            )
        names = {kind: name for name, kind in kinds.items()}
        taken = [name for name in names.values() if name in self.clinical]
        if taken:
            raise CohortError(
                f"the clinical table has a column '{taken[0]}' too; rename it, or name time and event instead",
                "foreign_key",
            )
        columns = {name: outcome[name] for name in names.values()}
        return replace(self, clinical=self.clinical.assign(**columns)), names["f"], names["b"]


def read_memory(
    data: MuData | AnnData | Mapping[str, pd.DataFrame | AnnData] | str | Path, clinical: pd.DataFrame | None
) -> MemoryTables:
    """Take views and clinical table out of `data`.

    Parameters
    ----------
    data
        MuData, AnnData, view -> AnnData or DataFrame, or an ``.h5ad`` or ``.h5mu`` file.
    clinical
        One row per patient, indexed by id; by default ``.obs`` of `data`.

    Returns
    -------
    MemoryTables
        Copies; ids are text.

    Raises
    ------
    CohortError
        If `data` is something else, an id is repeated, or patients of a view are not in `clinical`.
    """
    content = _from_file(Path(data)) if isinstance(data, str | Path) else data
    tables, obs = _tables(content)
    if not tables:
        raise CohortError("data has no view; give at least one table", "no_views")
    views = {name: _view(name, table) for name, table in tables.items()}
    samples = obs if clinical is None else clinical
    if samples is None:
        ids = dict.fromkeys(patient for view in views.values() for patient in view.values.index)
        samples = pd.DataFrame(index=pd.Index(ids, dtype=object))
    samples = samples.set_axis(samples.index.astype(str), axis="index")
    check_unique_patients(samples.index, "the clinical table", None)
    for name, view in views.items():
        _check_ids(name, view.values.index, samples.index)
        _check_numbered(name, view.values.index, samples.index)
    return MemoryTables(views, samples.copy())


def typed_view(
    name: str, view: MemoryView, modality: str | None, scale: str | None
) -> tuple[pd.DataFrame, ViewSpec]:
    """Check the values of a view, and guess its modality and scale where they are not given.

    Parameters
    ----------
    name, view
        Name and content of the view.
    modality, scale
        As in ``cohort.yaml``, or None.

    Returns
    -------
    tuple
        Values as float64, and the specification of the view.

    Raises
    ------
    CohortError
        If a value is not a number or contradicts the scale.
    """
    values = numbers(view.values, f"view '{name}'")
    modality, scale = modality or view.modality, scale or view.scale
    guess = guess_modality(name, values.columns, values)
    chosen = modality or guess.value
    if scale is None:
        guessed = guess_scale(values.to_numpy(), chosen, frozenset(words(name)))
        fallback, scale = guessed.value
        chosen = modality or fallback
        sure = guessed.sure and (modality is not None or guess.sure)
        log.log(
            logging.INFO if sure else logging.WARNING,
            "view '%s' is read as %s on the scale %s (%s); give modality and scale if this is wrong",
            *(name, chosen, scale, guessed.why),
        )
    elif modality is None:
        chosen = _with_scale(name, guess.value, scale)
    spec = ViewSpec(chosen, scale)
    check_view(name, spec, DATA)
    check_scale(name, spec, values, DATA)
    return values, spec


def _with_scale(name: str, guessed: str, scale: str) -> str:
    """Modality of a view of which the scale is given: the guessed one, or the only one that has this scale."""
    having = [known for known in MODALITIES if scale in resolve(MODALITIES, known, "modality").scales]
    if guessed in having or not having:
        return guessed
    if len(having) > 1:
        raise CohortError(
            f"view '{name}' has the scale '{scale}' of {' and '.join(having)}; give its modality too",
            "missing_key",
        )
    return having[0]


def _from_file(path: Path) -> AnnData | MuData:
    if not path.is_file():
        raise CohortError("no such file; give an .h5ad or .h5mu file", "missing_file", file=str(path))
    try:
        if path.suffix == ".h5mu":
            import mudata

            mudata.set_options(pull_on_update=False)
            with allow_shared_feature_names():
                return mudata.read_h5mu(path)
        import anndata

        return anndata.read_h5ad(path)
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise CohortError(
            f"not an .h5ad or .h5mu file ({error})", "unreadable_file", file=str(path)
        ) from None


def _tables(content: object) -> tuple[dict[str, pd.DataFrame | AnnData], pd.DataFrame | None]:
    from anndata import AnnData
    from mudata import MuData

    if isinstance(content, MuData):
        return {name: view for name, view in content.mod.items() if name != CLINICAL}, content.obs
    if isinstance(content, AnnData):
        name = guess_modality("", content.var_names, pd.DataFrame()).value
        return {name: content}, content.obs
    if isinstance(content, Mapping):
        for name, table in content.items():
            if not isinstance(table, pd.DataFrame | AnnData):
                raise InputError(
                    f"view '{name}' is a {type(table).__name__}; give a data frame or an AnnData with ids of patients"
                )
        return {str(name): table for name, table in content.items()}, None
    raise InputError(
        f"data is a {type(content).__name__}; give a MuData, an AnnData, a dict of data frames, or the path of an "
        ".h5ad or .h5mu file"
    )


def _view(name: str, table: pd.DataFrame | AnnData) -> MemoryView:
    place = f"view '{name}'"
    declared: Mapping[str, str] = {}
    if isinstance(table, pd.DataFrame):
        frame, var = table, pd.DataFrame(index=table.columns.astype(str))
    else:
        declared = table.uns.get(VIEW, {})
        if table.X is None:
            raise CohortError(f"{place} has no values; fill its X", "missing_view")
        values = table.X.toarray() if hasattr(table.X, "toarray") else np.asarray(table.X[:])
        frame, var = pd.DataFrame(values, table.obs_names, table.var_names), table.var.copy()
    frame = frame.set_axis(frame.index.astype(str), axis="index").set_axis(
        frame.columns.astype(str), axis="columns"
    )
    check_unique(list(frame.columns), place)
    check_unique_patients(frame.index, place, None)
    return MemoryView(frame, var, declared.get("modality"), declared.get("scale"))


def _check_ids(name: str, ids: pd.Index, patients: pd.Index) -> None:
    unknown = ids[~ids.isin(patients)]
    if len(unknown) == 0:
        return
    if len(unknown) == len(ids):
        raise CohortError(
            f"view '{name}' shares no id with the clinical table: '{unknown[0]}' here, '{patients[0]}' there; index "
            "both by the same ids"
            if len(patients)
            else f"view '{name}' has patients and the clinical table has none",
            "no_shared_ids",
        )
    raise CohortError(
        f"{len(unknown)} patient id(s) of view '{name}' are not in the clinical table; add or remove them",
        "unknown_patient",
        patient=str(unknown[0]),
    )


def _check_numbered(name: str, ids: pd.Index, patients: pd.Index) -> None:
    """Refuse to pair tables of different lengths by the numbers of their rows, which are no ids."""
    if len(ids) != len(patients) and _numbered(ids) and _numbered(patients):
        raise CohortError(
            f"the {len(ids)} rows of view '{name}' and the {len(patients)} of the clinical table are only numbered; "
            "index both by the ids of the patients",
            "no_shared_ids",
        )


def _numbered(ids: pd.Index) -> bool:
    return list(ids) == [str(number) for number in range(len(ids))]
