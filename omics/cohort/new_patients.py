"""Patients of whom nothing is known but what was measured: a cohort to predict, of which no outcome is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from omics.cohort.h5mu import read_stored
from omics.cohort.parse import load_spec
from omics.cohort.read import declared_files, join_cohort, locate_cohort, read_samples
from omics.cohort.samples import settled_samples
from omics.cohort.views import read_view
from omics.common.files import digest_files

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["read_new_patients"]


def read_new_patients(source: str | Path) -> MuData:
    """Read patients that are to be predicted.

    Views are read and checked as :func:`omics.cohort.read.read_cohort` does. Endpoints may be declared or not: no outcome is
    looked at. Covariates, site and arm that are declared may be absent, and a category or arm may be the only one.

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
        Whatever is wrong with the specification, with ids or with values.

    Examples
    --------
    >>> from omics.cohort.read import cohort_endpoints
    >>> patients = read_new_patients("bundled:tcga_acc")
    >>> patients.n_obs, cohort_endpoints(patients).named
    (92, {})
    """
    path = locate_cohort(str(source))
    if path.suffix == ".h5mu":
        samples, views, spec = read_stored(path)
        files = [path]
    else:
        spec = load_spec(path)
        samples = read_samples(path, spec)
        views = {n: read_view(path.parent, n, v, samples.index, str(path)) for n, v in spec.views.items()}
        files = declared_files(path, spec)
    spec = replace(
        spec,
        endpoints={},
        primary=None,
        covariates=tuple(name for name in spec.covariates if name in samples),
        site=spec.site if spec.site in samples else None,
        group=None,
        arm=spec.arm if spec.arm is not None and spec.arm.column in samples else None,
    )
    return join_cohort(settled_samples(samples, spec, str(path)), views, spec, digest_files(files))
