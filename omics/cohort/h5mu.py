"""Read a cohort from one ``.h5mu`` file, which holds its samples, its views and its specification."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from omics.cohort.parse import parse_spec
from omics.cohort.spec import CohortSpec, ViewSpec
from omics.cohort.views import check_scale, check_stored_values, check_view
from omics.common.errors import CohortError
from omics.common.memory import check_table_size
from omics.events.stored_events import EXPOSURE, StoredEvents
from omics.events.tumour_sizes import TUMOUR_SIZE, SizeTable
from omics.readers import PGX_RESULTS
from omics.readers.matrix import check_unique, check_unique_patients, numbers
from omics.readers.notes import LEFT_OUT, TO_CHECK, attach_notes, attach_warnings
from omics.readers.on_disk import is_large, leave_on_disk
from omics.readers.sizes import check_stored

if TYPE_CHECKING:
    from anndata import AnnData
    from mudata import MuData

__all__ = ["UNS", "allow_shared_feature_names", "read_stored"]

UNS = "stratomics"
"""Key of ``.uns`` under which a MuData holds the specification and the digest."""

Views = dict[str, "pd.DataFrame | AnnData"]


def read_stored(path: Path) -> tuple[pd.DataFrame, Views, CohortSpec, StoredEvents | None, SizeTable | None]:
    """Read samples, views, specification, events and tumour sizes of a cohort in h5mu; large dense views stay on disk.

    Raises
    ------
    CohortError
        If the file is not a cohort, a declared view is missing, or a view is wrong.
    """
    stored = _open(path)
    views: Views = {}
    stays_on_disk = False
    try:
        spec = _spec(stored, path)
        for name, view in spec.views.items():
            if name not in stored.mod:
                raise CohortError(
                    f"view '{name}' is declared but not in the file", "missing_view", file=str(path)
                )
            check_view(name, view, str(path))
            views[name] = _view(name, stored[name], view, str(path))
        stays_on_disk = not all(isinstance(view, pd.DataFrame) for view in views.values())
        samples = attach_warnings(stored.obs.copy(), stored.uns[UNS].get(TO_CHECK, {}))
        return samples, views, spec, _events(stored, spec, path), _sizes(stored, spec, path)
    finally:
        if not stays_on_disk:
            stored.file.close()


@contextmanager
def allow_shared_feature_names() -> Iterator[None]:
    """Silence the warning that views share names of features, such as a gene with copy number and expression."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "var_names are not unique", UserWarning)
        yield


def _open(path: Path) -> MuData:
    import h5py
    import mudata

    # mudata reports what is wrong with the file.
    with suppress(OSError, KeyError, RuntimeError, ValueError), h5py.File(path, "r") as store:
        check_stored(store, str(path), on_disk="X")
    mudata.set_options(pull_on_update=False)
    try:
        with allow_shared_feature_names():
            return mudata.read_h5mu(path, backed="r")
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _not_a_cohort(path, error) from None


def _spec(stored: MuData, path: Path) -> CohortSpec:
    try:
        return parse_spec(json.loads(stored.uns[UNS]["spec"]), str(path))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _not_a_cohort(path, error) from None


def _events(stored: MuData, spec: CohortSpec, path: Path) -> StoredEvents | None:
    if spec.exposure is None:
        return None
    content = stored.uns[UNS].get(EXPOSURE, {})
    return StoredEvents.from_uns(content, tuple(spec.exposure.covariates), spec.exposure.time_unit, str(path))


def _sizes(stored: MuData, spec: CohortSpec, path: Path) -> SizeTable | None:
    if spec.tumour_size is None:
        return None
    return SizeTable.from_uns(stored.uns[UNS].get(TUMOUR_SIZE, {}), str(path))


def _not_a_cohort(path: Path, error: Exception) -> CohortError:
    return CohortError(
        f"not a cohort in h5mu ({error}); it needs uns['{UNS}']['spec'], the cohort.yaml as json: in Python, "
        "stratomics.cohort(FILE, time=..., event=...) reads an h5mu of any origin and stratomics.write_cohort saves it",
        "unreadable_file",
        file=str(path),
    )


def _view(name: str, stored: AnnData, view: ViewSpec, file: str) -> pd.DataFrame | AnnData:
    # X of a backed AnnData without values is an empty dataset, which has no shape.
    if stored.X is None or getattr(stored.X, "shape", None) is None:
        raise CohortError(f"view '{name}' has no values; fill its X", "missing_view", file=file)
    check_unique(list(stored.var_names), file)
    check_unique_patients(stored.obs_names, file, None)
    if is_large(stored.X):
        large = leave_on_disk(stored.X, list(stored.obs_names), list(stored.var_names), file)
        check_stored_values(name, view, large, file)
        return large
    # `to_memory` would close the file, which large views still need.
    check_table_size(stored.n_obs, stored.n_vars, file)
    values = stored.X[:]
    dense = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
    frame = numbers(pd.DataFrame(dense, index=stored.obs_names, columns=stored.var_names), file)
    check_scale(name, view, frame, file)
    if PGX_RESULTS in stored.uns:
        frame.attrs[PGX_RESULTS] = str(stored.uns[PGX_RESULTS])
    return attach_warnings(
        attach_notes(frame, list(stored.uns.get(LEFT_OUT, ()))), stored.uns.get(TO_CHECK, {})
    )
