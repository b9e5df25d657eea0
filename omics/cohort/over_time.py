"""Read what a cohort declares over time: doses and levels, and tumour sizes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from omics.cohort.ids import check_ids
from omics.cohort.spec import CohortSpec
from omics.common.errors import CohortError
from omics.events.read_sizes import read_sizes
from omics.events.stored_events import EXPOSURE, StoredEvents, read_stored_events
from omics.events.tumour_sizes import TUMOUR_SIZE, SizeTable

__all__ = ["read_exposure", "read_tumour_sizes"]


def read_exposure(folder: Path, spec: CohortSpec, samples: pd.DataFrame, yaml: str) -> StoredEvents | None:
    """Read the doses and levels that a cohort declares.

    Parameters
    ----------
    folder
        Folder of the cohort.
    spec
        Specification of the cohort.
    samples
        One row per patient, indexed by id; covariates may be in it.
    yaml
        File that declares the exposure, named in errors.

    Returns
    -------
    StoredEvents or None
        The events of patients of `samples`; None for a cohort without exposure.

    Raises
    ------
    CohortError
        If a file or a row is wrong, or no patient is in `samples`.
    """
    exposure = spec.exposure
    if exposure is None:
        return None
    if exposure.events is None:
        raise CohortError("exposure lacks the key 'events'", "missing_key", file=yaml, column="events")
    file = folder / exposure.events
    model = None if exposure.model_file is None else folder / exposure.model_file
    read = read_stored_events(file, model, exposure.covariates, exposure.time_unit, samples)
    return read.take(_known(EXPOSURE, read.events.patients, samples, file, spec))


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
    return read.take(_known(TUMOUR_SIZE, read.patients, samples, file, spec))


def _known(name: str, ids: pd.Index, samples: pd.DataFrame, file: Path, spec: CohortSpec) -> pd.Index:
    """Return the ids that are in the samples table."""
    known = check_ids(name, ids, pd.Index([]), pd.DataFrame(), samples.index, str(file), spec.strict)
    return ids[known]
