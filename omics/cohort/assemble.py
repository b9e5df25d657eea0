"""Join tables in memory to one checked MuData."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from omics.cohort.copies import COPIES, find_copies
from omics.cohort.endpoint_columns import check_endpoints, read_endpoints
from omics.cohort.endpoints import Survival
from omics.cohort.h5mu import UNS, allow_shared_feature_names
from omics.cohort.samples import checked_samples
from omics.cohort.spec import CohortSpec
from omics.cohort.spec_rules import refuse_after_baseline, require_endpoints
from omics.cohort.stated_columns import stated_samples
from omics.events.stored_events import EXPOSURE, StoredEvents
from omics.events.tumour_sizes import TUMOUR_SIZE, SizeTable
from omics.events.windows import check_window, window_ends
from omics.readers import PGX_RESULTS
from omics.readers.notes import LEFT_OUT, TO_CHECK, notes_of, warnings_of

if TYPE_CHECKING:
    from anndata import AnnData
    from mudata import MuData

__all__ = ["assemble_cohort", "join_cohort"]

_CLINICAL = "clinical"


def assemble_cohort(
    samples: pd.DataFrame,
    views: Mapping[str, pd.DataFrame | AnnData],
    spec: CohortSpec,
    digest: str,
    file: str,
    exposure: StoredEvents | None = None,
    sizes: SizeTable | None = None,
) -> MuData:
    """Check tables in memory against a specification and join them to a cohort.

    Parameters
    ----------
    samples
        One row per patient, indexed by id (str).
    views
        View -> values of the patients measured in it: one row per patient, indexed by id, one column per feature;
        or an AnnData whose values stay on disk.
    spec
        Specification of the cohort.
    digest
        SHA-256 of the files that hold the tables.
    file
        File of the samples, named in errors.
    exposure
        Doses and levels, for a cohort that declares them.
    sizes
        Tumour sizes, for a cohort that declares them.

    Returns
    -------
    MuData
        As from :func:`omics.cohort.read.read_cohort`.

    Raises
    ------
    CohortError
        If a column that `spec` names is missing, an endpoint is malformed, a window of exposure ends after it, or a
        predictor was estimated after baseline.
    """
    require_endpoints(spec, file)
    samples, spec = stated_samples(samples, spec, file)
    check_endpoints(samples, spec, file)
    refuse_after_baseline(spec, ((name, _features(view)) for name, view in views.items()), file)
    if exposure is not None:
        _check_windows(samples, spec, exposure, file)
    return join_cohort(checked_samples(samples, spec, file), views, spec, digest, exposure, sizes)


def _features(view: pd.DataFrame | AnnData) -> pd.Index:
    return view.columns if isinstance(view, pd.DataFrame) else view.var_names


def _check_windows(samples: pd.DataFrame, spec: CohortSpec, exposure: StoredEvents, file: str) -> None:
    """Refuse a window of exposure that ends after a survival endpoint of a patient."""
    if spec.exposure is None:
        return
    ends = window_ends(exposure.events, spec.exposure.window)
    for name, endpoint in read_endpoints(samples, spec, file).named.items():
        if isinstance(endpoint, Survival):
            times = pd.Series(endpoint.time, samples.index)
            check_window(ends, exposure.events.time_unit, times, endpoint.unit, endpoint=name, file=file)


def join_cohort(
    samples: pd.DataFrame,
    views: Mapping[str, pd.DataFrame | AnnData],
    spec: CohortSpec,
    digest: str,
    exposure: StoredEvents | None = None,
    sizes: SizeTable | None = None,
) -> MuData:
    """Join tables that are already checked.

    Parameters
    ----------
    samples, views, spec, digest, exposure, sizes
        As for :func:`assemble_cohort`.

    Returns
    -------
    MuData
        As from :func:`omics.cohort.read.read_cohort`.
    """
    import mudata
    from anndata import AnnData

    # With pull_on_update, mudata 0.3 copies columns of the views into .obs.
    mudata.set_options(pull_on_update=False)
    # A gene has the same name in several views, so that mudata would warn at each use of the cohort.
    warnings.filterwarnings("ignore", "var_names are not unique", UserWarning)
    samples = samples.set_axis(samples.index.astype(str).rename(None))
    said = warnings_of(samples)
    measured = {name: _anndata(table) for name, table in views.items()}
    with allow_shared_feature_names():
        cohort = mudata.MuData({_CLINICAL: AnnData(obs=samples[[]].copy()), **measured})
    cohort.obs = samples.loc[cohort.obs_names].copy()
    cohort.uns[UNS] = {"spec": json.dumps(spec.as_dict()), "digest": digest}
    if said:
        cohort.uns[UNS][TO_CHECK] = said
    if exposure is not None:
        cohort.uns[UNS][EXPOSURE] = exposure.to_uns()
    if sizes is not None:
        cohort.uns[UNS][TUMOUR_SIZE] = sizes.to_uns()
    # New patients are not split, so that copies among them do no harm.
    if spec.endpoints and (copies := find_copies(cohort, spec)):
        cohort.uns[UNS][COPIES] = json.dumps(copies)
    return cohort


def _notes(frame: pd.DataFrame) -> dict[str, object]:
    """Collect what a reader left out, what a person should check, and results of pharmacogenes, where there are any."""
    notes: dict[str, object] = {
        LEFT_OUT: notes_of(frame),
        TO_CHECK: warnings_of(frame),
        PGX_RESULTS: frame.attrs.get(PGX_RESULTS, ""),
    }
    return {key: value for key, value in notes.items() if value}


def _anndata(table: pd.DataFrame | AnnData) -> AnnData:
    from anndata import AnnData

    if isinstance(table, AnnData):
        return table
    frame = table
    return AnnData(
        frame.to_numpy(dtype=np.float64),
        obs=pd.DataFrame(index=frame.index.astype(str).rename(None)),
        var=pd.DataFrame(index=frame.columns.astype(str).rename(None)),
        uns=_notes(frame),
    )
