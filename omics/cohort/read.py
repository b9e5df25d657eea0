"""Read a folder with ``cohort.yaml``, or one ``.h5mu`` file, into one checked MuData."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from omics.cohort.assemble import assemble_cohort
from omics.cohort.cell_views import join_views, read_views
from omics.cohort.endpoint_columns import check_endpoints, read_endpoints
from omics.cohort.endpoints import Endpoints
from omics.cohort.h5mu import UNS, read_stored
from omics.cohort.ids import id_column, patient_ids
from omics.cohort.over_time import read_exposure, read_tumour_sizes
from omics.cohort.parse import load_spec, parse_spec
from omics.cohort.samples import checked_samples, with_labels
from omics.cohort.spec import CohortSpec, ExposureSpec
from omics.cohort.spec_rules import require_endpoints
from omics.cohort.stated_columns import stated_samples
from omics.cohort.view_options import without_views
from omics.common.errors import CohortError, nearest
from omics.common.files import digest_files
from omics.common.view_blocks import measured_patients
from omics.events.event_table import EventTable
from omics.events.stored_events import EXPOSURE
from omics.events.tumour_sizes import TUMOUR_SIZE, SizeTable
from omics.readers.case_lists import ALL
from omics.readers.gene_panels import panel_files
from omics.readers.matrix import check_unique_patients
from omics.readers.notes import attach_warnings, notes_of
from omics.readers.plain_tables import read_table, table_files, table_format

if TYPE_CHECKING:
    from mudata import MuData

__all__ = [
    "BUNDLED",
    "cohort_digest",
    "cohort_endpoints",
    "cohort_files",
    "cohort_spec",
    "declared_files",
    "events_of",
    "exposure_model_text",
    "exposure_spec",
    "inspect_cohort",
    "locate_cohort",
    "observed_views",
    "read_cohort",
    "read_samples",
    "tumour_sizes_of",
]

T = TypeVar("T")

_CLINICAL = {"series_matrix": "series_clinical", ".txt": "clinical", "cbioportal": "clinical"}
"""Format of a file of measurements -> format of its clinical lines, for the samples table."""

BUNDLED = Path(__file__).parents[1] / "bundled"
"""Folder of the cohorts that are installed with the package."""


def read_cohort(source: str | Path) -> MuData:
    """Read a cohort and check it.

    Parameters
    ----------
    source
        A folder with ``cohort.yaml``, the yaml itself, an ``.h5mu`` file, or ``bundled:NAME``.

    Returns
    -------
    MuData
        ``.mod`` has one view per table, with the patients measured in it; for single cells one view per cell type, and
        their composition. ``.mod["clinical"]`` has every patient of the samples table, so that patients without any
        view stay. ``.obs`` is the samples table in its order; ``.uns["stratomics"]`` holds the specification of these
        views and the digest.

    Raises
    ------
    CohortError
        One sentence with file, column and patient, where they are known.

    Examples
    --------
    >>> cohort = read_cohort("bundled:tcga_acc")
    >>> cohort.n_obs, observed_views(cohort).sum().to_dict()
    (92, {'cna': 90, 'mrna': 79, 'mirna': 80, 'rppa': 46})
    """
    cohort, errors = inspect_cohort(source)
    if cohort is None:
        raise errors[0]
    return cohort


def inspect_cohort(source: str | Path) -> tuple[MuData | None, list[CohortError]]:
    """Read a cohort as :func:`read_cohort` does, or return every error in it and not only the first."""
    errors: list[CohortError] = []

    def attempt(function: Callable[..., T], *arguments: Any) -> T | None:
        try:
            return function(*arguments)
        except CohortError as error:
            errors.extend([error, *error.also])
            return None

    path = attempt(locate_cohort, str(source))
    if path is None or path.suffix == ".h5mu":
        return (None if path is None else attempt(_read_h5mu, path)), errors
    spec = attempt(load_spec, path)
    if spec is None:
        return None, errors
    folder = path.parent
    attempt(require_endpoints, spec, str(path))
    samples = attempt(read_samples, path, spec)
    patients = None if samples is None else samples.index
    read = {
        n: attempt(read_views, folder, n, v, patients, str(path), spec.strict) for n, v in spec.views.items()
    }
    joined = attempt(
        join_views, spec, {n: views for n, views in read.items() if views is not None}, str(path)
    )
    if samples is None or spec.samples is None:
        return None, errors
    file = folder / spec.samples.file
    stated = attempt(stated_samples, samples, spec, str(file))
    if stated is None:
        return None, errors
    samples, named = stated
    for name, endpoint in named.endpoints.items():
        attempt(check_endpoints, samples, replace(named, endpoints={name: endpoint}, primary=None), str(file))
    attempt(checked_samples, samples, named, str(file))
    exposure = attempt(read_exposure, folder, named, samples, str(path))
    sizes = attempt(read_tumour_sizes, folder, named, samples, str(path))
    if errors or joined is None:
        return None, errors
    digest = digest_files(declared_files(path, spec))
    expanded, tables = joined
    expanded = replace(named, views=expanded.views)
    return attempt(assemble_cohort, samples, tables, expanded, digest, str(file), exposure, sizes), errors


def cohort_files(source: str | Path) -> dict[str, Path]:
    """List all files that a cohort is read from, by their path relative to ``cohort.yaml``.

    Examples
    --------
    >>> list(cohort_files("bundled:tcga_acc"))[:2]
    ['cohort.yaml', 'outcome.csv']
    """
    path = locate_cohort(str(source))
    places = [path] if path.suffix == ".h5mu" else declared_files(path, load_spec(path))
    files = chain.from_iterable([p] if not p.is_dir() else sorted(p.rglob("*")) for p in places)
    return {Path(relpath(file, path.parent)).as_posix(): file for file in files if not file.is_dir()}


def declared_files(path: Path, spec: CohortSpec) -> list[Path]:
    """List a ``cohort.yaml`` and every file that it names.

    Parameters
    ----------
    path
        The ``cohort.yaml``.
    spec
        Its content.

    Returns
    -------
    list of Path
        Each file once, the yaml first; a table in a folder is listed as its folder.
    """
    samples = [] if spec.samples is None else [path.parent / spec.samples.file]
    tables = (table_files(path.parent / str(view.file), view.format) for view in spec.views.values())
    panels = (
        panel_files(path.parent / view.panels) for view in spec.views.values() if view.panels is not None
    )
    lists = (
        path.parent / view.sequenced
        for view in spec.views.values()
        if isinstance(view.sequenced, str) and view.sequenced != ALL
    )
    exposure = [] if spec.exposure is None else [spec.exposure.events, spec.exposure.model_file]
    sizes = [] if spec.tumour_size is None else [spec.tumour_size.file]
    others = [path.parent / name for name in (*exposure, *sizes) if name is not None]
    return list(
        dict.fromkeys(
            [path, *samples, *chain.from_iterable(tables), *chain.from_iterable(panels), *lists, *others]
        )
    )


def read_samples(path: Path, spec: CohortSpec) -> pd.DataFrame:
    """Read the samples table of a cohort.

    Parameters
    ----------
    path
        The ``cohort.yaml``.
    spec
        Its content.

    Returns
    -------
    DataFrame
        One row per patient, indexed by id.

    Raises
    ------
    CohortError
        If `spec` names no samples table, or the table cannot be read.
    """
    if spec.samples is None:
        raise CohortError(
            "the cohort lacks the key 'samples'", "missing_key", file=str(path), column="samples"
        )
    file = path.parent / spec.samples.file
    kind = table_format(file, spec.samples.format)
    sheet = {} if spec.samples.sheet is None else {"sheet": spec.samples.sheet}
    samples = read_table(file, id_column(spec.samples.id), _CLINICAL.get(kind, spec.samples.format), sheet)
    ids = patient_ids(samples.index, spec.samples.id, str(file))
    check_unique_patients(ids, str(file), id_column(spec.samples.id))
    notes = notes_of(samples)
    samples = without_views(samples, spec)
    if notes:
        samples = attach_warnings(samples, {"rows_left_out": "; ".join(notes)})
    samples = with_labels(samples, spec, file)
    return samples.set_axis(ids.rename(samples.index.name))


def cohort_spec(cohort: MuData) -> CohortSpec:
    """Return the specification that a cohort carries; the same text is parsed once."""
    spec = _parsed_spec(cohort.uns[UNS]["spec"])
    # Dicts and lists are copied, so that a caller who changes them does not change the answer to the next caller.
    endpoints = {
        name: replace(endpoint, positive=copy(endpoint.positive), levels=copy(endpoint.levels))
        for name, endpoint in spec.endpoints.items()
    }
    return replace(spec, views=dict(spec.views), endpoints=endpoints)


@lru_cache(maxsize=256)
def _parsed_spec(text: str) -> CohortSpec:
    return parse_spec(json.loads(text), "the cohort's specification")


def tumour_sizes_of(cohort: MuData) -> SizeTable | None:
    """Return the tumour sizes of the patients of a cohort; None for a cohort without the block ``tumour_size``."""
    content = cohort.uns[UNS].get(TUMOUR_SIZE)
    if content is None:
        return None
    table = content["sizes"]
    return SizeTable(table[table["patient"].isin(cohort.obs_names)].reset_index(drop=True))


def exposure_spec(cohort: MuData) -> ExposureSpec | None:
    """Return the block ``exposure`` of a cohort, or None."""
    return cohort_spec(cohort).exposure


def exposure_model_text(cohort: MuData) -> str | None:
    """Return the text of the yaml file of a cohort's kinetic model; None where the model has a name, or is absent."""
    return str(cohort.uns[UNS].get(EXPOSURE, {}).get("model", "")) or None


def events_of(cohort: MuData) -> EventTable | None:
    """Return the doses and levels of the patients of a cohort; None for a cohort without the block ``exposure``."""
    exposure, stored = exposure_spec(cohort), cohort.uns[UNS].get(EXPOSURE)
    if exposure is None or stored is None:
        return None
    events = EventTable(stored["events"], tuple(exposure.covariates), exposure.time_unit)
    return events.take(cohort.obs_names)


def cohort_digest(cohort: MuData) -> str:
    """SHA-256 of the files that a cohort was read from."""
    return str(cohort.uns[UNS]["digest"])


class _ReadEndpoints(NamedTuple):
    """Endpoints of a cohort, and what they were read from."""

    spec: str
    columns: dict[str, pd.Series[Any]]
    endpoints: Endpoints


_READ_ENDPOINTS: WeakKeyDictionary[MuData, _ReadEndpoints] = WeakKeyDictionary()


def cohort_endpoints(cohort: MuData) -> Endpoints:
    """Return the endpoints of all patients of a cohort, in the order of ``cohort.obs``.

    They are read again only where the specification or a column of an endpoint has changed since the last call.
    """
    last = _READ_ENDPOINTS.get(cohort)
    if last is None or not _is_current(last, cohort):
        spec = cohort_spec(cohort)
        endpoints = read_endpoints(cohort.obs, spec, "the samples table")
        entries = spec.endpoints.values()
        keys = [
            key for e in entries for key in (e.time, e.event, e.cause, e.entry, e.column) if key is not None
        ]
        columns = {key: cohort.obs[key].copy() for key in keys}
        last = _ReadEndpoints(cohort.uns[UNS]["spec"], columns, endpoints)
        _READ_ENDPOINTS[cohort] = last
    # A copy, so that a caller who changes an array does not change the answer to the next caller.
    return last.endpoints.take(np.arange(cohort.n_obs))


def _is_current(read: _ReadEndpoints, cohort: MuData) -> bool:
    obs = cohort.obs
    return (
        read.spec == cohort.uns[UNS]["spec"]
        and len(obs) == cohort.n_obs
        and all(name in obs and obs[name].equals(column) for name, column in read.columns.items())
    )


def observed_views(cohort: MuData) -> pd.DataFrame:
    """Which patients have at least one value of which view: bool, patients x views."""
    return pd.DataFrame(
        {
            name: cohort.obs_names.isin(cohort[name].obs_names[measured_patients(cohort[name])])
            for name in cohort_spec(cohort).views
        },
        index=cohort.obs_names,
    )


def locate_cohort(source: str) -> Path:
    """Find the ``cohort.yaml`` or ``.h5mu`` file of a source, which is a path or ``bundled:NAME``."""
    if source.startswith("bundled:"):
        name = source.removeprefix("bundled:")
        known = sorted(p.name for p in BUNDLED.iterdir() if (p / "cohort.yaml").is_file())
        if name not in known:
            raise CohortError(
                f"no bundled cohort '{name}'; {nearest(name, known)}", "missing_file", file=source
            )
        return BUNDLED / name / "cohort.yaml"
    path = Path(source)
    if path.is_dir() and not (path / "cohort.yaml").is_file():
        raise CohortError(
            f"the folder has no cohort.yaml; write a first one with: stratomics init {path}",
            "missing_file",
            file=str(path / "cohort.yaml"),
        )
    path = path / "cohort.yaml" if path.is_dir() else path
    if path.suffix in (".h5ad", ".zarr") and path.exists():
        raise CohortError(
            "an AnnData has no specification of a cohort; put it into a folder with a table of outcomes and write a "
            f"first cohort.yaml with: stratomics init {path.parent}; or use stratomics.cohort in Python",
            "missing_file",
            file=str(path),
        )
    if not path.is_file():
        raise CohortError(
            "no such cohort; give a folder with cohort.yaml, the yaml, an .h5mu file or bundled:NAME",
            "missing_file",
            file=str(path),
        )
    return path


def _read_h5mu(path: Path) -> MuData:
    samples, views, spec, exposure, sizes = read_stored(path)
    return assemble_cohort(samples, views, spec, digest_files([path]), str(path), exposure, sizes)
