"""A folder with ``cohort.yaml``, or one ``.h5mu`` file, becomes one checked MuData."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from omics.cohort.endpoint_columns import check_endpoints, read_endpoints
from omics.cohort.endpoints import Endpoints
from omics.cohort.h5mu import UNS, read_stored, shared_names
from omics.cohort.parse import load_spec, parse_spec
from omics.cohort.samples import checked_samples
from omics.cohort.spec import CohortSpec
from omics.cohort.spec_rules import require_endpoints
from omics.cohort.view_blocks import measured_patients
from omics.cohort.views import read_view
from omics.common.errors import CohortError, nearest
from omics.common.files import digest_files
from omics.readers.notes import LEFT_OUT, notes_of
from omics.readers.plain_tables import read_table, table_files

if TYPE_CHECKING:
    from anndata import AnnData
    from mudata import MuData

__all__ = [
    "BUNDLED",
    "assemble_cohort",
    "cohort_digest",
    "cohort_endpoints",
    "cohort_files",
    "cohort_spec",
    "declared_files",
    "inspect_cohort",
    "join_cohort",
    "locate_cohort",
    "observed_views",
    "read_cohort",
    "read_samples",
]

T = TypeVar("T")

BUNDLED = Path(__file__).parents[1] / "bundled"
_CLINICAL = "clinical"


def read_cohort(source: str | Path) -> MuData:
    """Read a cohort and check it.

    Parameters
    ----------
    source
        A folder with ``cohort.yaml``, the yaml itself, an ``.h5mu`` file, or ``bundled:NAME``.

    Returns
    -------
    MuData
        A view a table in ``.mod``, with the patients that were measured; ``.mod["clinical"]`` holds
        every patient of the samples table, so that one without any view stays. ``.obs`` is the
        samples table in its own order; ``.uns["stratomics"]`` the specification and the digest.

    Raises
    ------
    CohortError
        One sentence with file, column and patient, as far as the fault has them.

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
    """Read a cohort as :func:`read_cohort` does, or find every error in it and not only the first."""
    errors: list[CohortError] = []

    def attempt(function: Callable[..., T], *arguments: Any) -> T | None:
        try:
            return function(*arguments)
        except CohortError as error:
            errors.append(error)
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
    views = {n: attempt(read_view, folder, n, v, patients, str(path)) for n, v in spec.views.items()}
    if samples is None or spec.samples is None:
        return None, errors
    file = folder / spec.samples.file
    for name, endpoint in spec.endpoints.items():
        attempt(check_endpoints, samples, replace(spec, endpoints={name: endpoint}, primary=None), str(file))
    attempt(checked_samples, samples, spec, str(file))
    if errors:
        return None, errors
    digest = digest_files(declared_files(path, spec))
    read = {name: frame for name, frame in views.items() if frame is not None}
    return assemble_cohort(samples, read, spec, digest, str(file)), errors


def cohort_files(source: str | Path) -> dict[str, Path]:
    """Name -> file, of all files that a cohort is read from; a name says where a file lies from ``cohort.yaml``.

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
    """List a ``cohort.yaml`` and every file that it names."""
    samples = [] if spec.samples is None else [path.parent / spec.samples.file]
    tables = (table_files(path.parent / str(view.file), view.format) for view in spec.views.values())
    return list(dict.fromkeys([path, *samples, *chain.from_iterable(tables)]))


def read_samples(path: Path, spec: CohortSpec) -> pd.DataFrame:
    """Read the samples table that the ``cohort.yaml`` at `path` names: a row a patient, indexed by id."""
    if spec.samples is None:
        raise CohortError(
            "the cohort lacks the key 'samples'", "missing_key", file=str(path), column="samples"
        )
    return read_table(path.parent / spec.samples.file, spec.samples.id)


def cohort_spec(cohort: MuData) -> CohortSpec:
    """Return the specification that a cohort carries."""
    return parse_spec(json.loads(cohort.uns[UNS]["spec"]), "the cohort's specification")


def cohort_digest(cohort: MuData) -> str:
    """SHA-256 of the files that a cohort was read from."""
    return str(cohort.uns[UNS]["digest"])


def cohort_endpoints(cohort: MuData) -> Endpoints:
    """Endpoints of every patient of a cohort, in the order of ``cohort.obs``."""
    return read_endpoints(cohort.obs, cohort_spec(cohort), "the samples table")


def observed_views(cohort: MuData) -> pd.DataFrame:
    """Which view each patient has at least one value of: bool, patients x views."""
    return pd.DataFrame(
        {
            name: cohort.obs_names.isin(cohort[name].obs_names[measured_patients(cohort[name])])
            for name in cohort_spec(cohort).views
        },
        index=cohort.obs_names,
    )


def locate_cohort(source: str) -> Path:
    """Find the ``cohort.yaml`` or ``.h5mu`` file that `source` stands for."""
    if source.startswith("bundled:"):
        name = source.removeprefix("bundled:")
        known = sorted(p.name for p in BUNDLED.iterdir() if (p / "cohort.yaml").is_file())
        if name not in known:
            raise CohortError(
                f"no bundled cohort '{name}'; {nearest(name, known)}", "missing_file", file=source
            )
        return BUNDLED / name / "cohort.yaml"
    path = Path(source)
    path = path / "cohort.yaml" if path.is_dir() else path
    if not path.is_file():
        raise CohortError(
            "no such cohort; give a folder with cohort.yaml, the yaml, an .h5mu file or bundled:NAME",
            "missing_file",
            file=str(path),
        )
    return path


def _anndata(table: pd.DataFrame | AnnData) -> AnnData:
    from anndata import AnnData

    if isinstance(table, AnnData):
        return table
    frame = table
    return AnnData(
        frame.to_numpy(dtype=np.float64),
        obs=pd.DataFrame(index=frame.index.astype(str).rename(None)),
        var=pd.DataFrame(index=frame.columns.astype(str).rename(None)),
        uns={LEFT_OUT: notes} if (notes := notes_of(frame)) else {},
    )


def assemble_cohort(
    samples: pd.DataFrame,
    views: Mapping[str, pd.DataFrame | AnnData],
    spec: CohortSpec,
    digest: str,
    file: str,
) -> MuData:
    """Check tables that are already in memory against `spec` and join them to a cohort.

    Parameters
    ----------
    samples
        A row a patient, indexed by id (str).
    views
        View -> numbers of the patients measured in it, indexed by id, a column a feature; or an AnnData of them
        that stays on disk.
    spec
        The cohort's specification.
    digest
        SHA-256 of the files that hold the tables.
    file
        Named in errors.

    Returns
    -------
    MuData
        As from :func:`read_cohort`.

    Raises
    ------
    CohortError
        A column that `spec` names is missing, or an endpoint is malformed.
    """
    require_endpoints(spec, file)
    check_endpoints(samples, spec, file)
    return join_cohort(checked_samples(samples, spec, file), views, spec, digest)


def join_cohort(
    samples: pd.DataFrame, views: Mapping[str, pd.DataFrame | AnnData], spec: CohortSpec, digest: str
) -> MuData:
    """Join checked tables, as :func:`assemble_cohort` takes them."""
    import mudata
    from anndata import AnnData

    # mudata 0.3: columns of .obs are ours; nothing is copied up from the views behind our back.
    mudata.set_options(pull_on_update=False)
    samples = samples.set_axis(samples.index.astype(str).rename(None))
    measured = {name: _anndata(frame) for name, frame in views.items()}
    with shared_names():
        cohort = mudata.MuData({_CLINICAL: AnnData(obs=samples[[]].copy()), **measured})
    cohort.obs = samples.loc[cohort.obs_names].copy()
    cohort.uns[UNS] = {"spec": json.dumps(spec.as_dict()), "digest": digest}
    return cohort


def _read_h5mu(path: Path) -> MuData:
    samples, views, spec = read_stored(path)
    return assemble_cohort(samples, views, spec, digest_files([path]), str(path))
