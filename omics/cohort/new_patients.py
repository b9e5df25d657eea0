"""Read new patients, who are to be predicted; no outcome is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from omics.cohort.assemble import join_cohort
from omics.cohort.cell_views import join_views, read_views
from omics.cohort.h5mu import read_stored
from omics.cohort.over_time import read_exposure
from omics.cohort.parse import load_spec
from omics.cohort.read import declared_files, locate_cohort, read_samples
from omics.cohort.samples import typed_samples
from omics.cohort.stated_columns import stated_samples
from omics.common.files import digest_files

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["read_new_patients"]


def read_new_patients(source: str | Path) -> MuData:
    """Read patients who are to be predicted.

    Views are read and checked as by :func:`omics.cohort.read.read_cohort`. Endpoints may be declared or not; they are
    ignored. Declared covariates, site and arm may be missing, and all patients may have the same category or arm.

    Parameters
    ----------
    source
        A folder with ``cohort.yaml``, the yaml itself, an ``.h5mu`` file, or ``bundled:NAME``.

    Returns
    -------
    MuData
        As from :func:`omics.cohort.read.read_cohort`, without endpoints.

    Raises
    ------
    CohortError
        If the specification, an id or a value is wrong.

    Examples
    --------
    >>> from omics.cohort.read import cohort_endpoints
    >>> patients = read_new_patients("bundled:tcga_acc")
    >>> patients.n_obs, cohort_endpoints(patients).named
    (92, {})
    """
    path = locate_cohort(str(source))
    if path.suffix == ".h5mu":
        samples, views, spec, exposure, _ = read_stored(path)
        files = [path]
    else:
        spec = load_spec(path)
        samples = read_samples(path, spec)
        files = declared_files(path, spec)
        read = {
            n: read_views(path.parent, n, v, samples.index, str(path), spec.strict)
            for n, v in spec.views.items()
        }
        spec, views = join_views(spec, read, str(path))
    known = {name: codes for name, codes in spec.missing.items() if name in samples}
    spec = replace(
        spec,
        endpoints={},
        missing=known,
        primary=None,
        covariates=tuple(name for name in spec.covariates if name in samples),
        categories=tuple(name for name in spec.categories if name in samples),
        site=spec.site if spec.site in samples else None,
        group=None,
        # Sizes over time are an outcome.
        tumour_size=None,
        arm=spec.arm if spec.arm is not None and spec.arm.column in samples else None,
    )
    samples, spec = stated_samples(samples, spec, str(path))
    if path.suffix != ".h5mu":
        exposure = read_exposure(path.parent, spec, samples, str(path))
    return join_cohort(typed_samples(samples, spec, str(path)), views, spec, digest_files(files), exposure)
