"""The block ``tumour_size`` of a cohort: sizes are read, kept and never predictors."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from omics.cohort.h5mu import UNS
from omics.cohort.ids import check_ids
from omics.cohort.spec import CohortSpec
from omics.common.errors import CohortError
from omics.events.read_sizes import read_sizes
from omics.events.tumour_sizes import AFTER_BASELINE, TUMOUR_SIZE, SizeTable

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["read_tumour_sizes", "refuse_after_baseline", "tumour_sizes_of"]


def read_tumour_sizes(folder: Path, spec: CohortSpec, samples: pd.DataFrame, yaml: str) -> SizeTable | None:
    """Read the tumour sizes that a cohort declares.

    Parameters
    ----------
    folder
        Folder of the cohort.
    spec
        Specification of the cohort.
    samples
        One row per patient, indexed by id.
    yaml
        File that declares the sizes, named in errors.

    Returns
    -------
    SizeTable or None
        The sizes of patients of `samples`; None for a cohort without sizes.

    Raises
    ------
    CohortError
        If the file or a row is wrong, or no patient is in `samples`.
    """
    block = spec.tumour_size
    if block is None:
        return None
    if block.file is None:
        raise CohortError(f"{TUMOUR_SIZE} lacks the key 'file'", "missing_key", file=yaml, column="file")
    file = folder / block.file
    read = read_sizes(
        file,
        patient=block.patient,
        time=block.time,
        size=block.size,
        unit=block.unit,
        time_unit=block.time_unit,
        below=block.below,
    )
    ids = read.patients
    known = check_ids(TUMOUR_SIZE, ids, pd.Index([]), pd.DataFrame(), samples.index, str(file), spec.strict)
    return read.take(ids[known])


def tumour_sizes_of(cohort: MuData) -> SizeTable | None:
    """Return the tumour sizes of the patients of a cohort; None for a cohort without the block ``tumour_size``."""
    content = cohort.uns[UNS].get(TUMOUR_SIZE)
    if content is None:
        return None
    table = content["sizes"]
    return SizeTable(table[table["patient"].isin(cohort.obs_names)].reset_index(drop=True))


def refuse_after_baseline(spec: CohortSpec, features: Iterable[tuple[str, pd.Index]], file: str) -> None:
    """Refuse growth that was estimated from sizes after baseline as a covariate or a feature.

    Only who lives long enough has such sizes, so that growth would predict survival by survival itself (immortal time).

    Parameters
    ----------
    spec
        Specification of the cohort.
    features
        Name and features of each view.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If a name begins with ``after_baseline_``.
    """
    named = [("a covariate", name) for name in (*spec.covariates, *spec.categories)]
    named += [(f"view '{view}'", str(name)) for view, names in features for name in names]
    for place, name in named:
        if name.startswith(AFTER_BASELINE):
            raise CohortError(
                f"{place} was estimated from tumour sizes after baseline and cannot predict: only patients who live "
                "long enough have them (immortal time); remove it",
                "after_baseline_predictor",
                file=file,
                column=name,
            )
