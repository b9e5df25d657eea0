"""Write a cohort to one ``.h5mu`` file, which ``read_cohort`` reads back."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from omics.cohort.h5mu import UNS, allow_shared_feature_names
from omics.cohort.read import cohort_spec
from omics.cohort.spec import ViewSpec
from omics.common.errors import InputError

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["write_cohort"]


def write_cohort(cohort: MuData, path: str | Path) -> Path:
    """Write a cohort with its specification and everything that was added to it.

    Parameters
    ----------
    cohort
        From :func:`omics.cohort.read.read_cohort` or ``stratomics.cohort``.
    path
        The file, which ends in ``.h5mu``; its folder is created if it does not exist.

    Returns
    -------
    Path
        The file. The same cohort gives the same bytes.

    Raises
    ------
    InputError
        If `path` has another ending, or `cohort` has no specification.

    Examples
    --------
    >>> from omics.cohort.read import read_cohort
    >>> folder = Path(tempfile.mkdtemp())
    >>> read_cohort(write_cohort(read_cohort("bundled:tcga_acc"), folder / "acc.h5mu")).n_obs
    92
    """
    path = Path(path)
    if path.suffix != ".h5mu":
        raise InputError(f"{path}: a cohort is written to one file; give it the ending .h5mu")
    if UNS not in cohort.uns:
        raise InputError(
            "this MuData has no specification of a cohort; make one with `stratomics.cohort` first"
        )
    spec = cohort_spec(cohort)
    # The file holds the tables, so that it names no others.
    views = {
        name: ViewSpec(view.modality, view.scale, timing=view.timing) for name, view in spec.views.items()
    }
    stored = cohort.copy()
    exposure = None if spec.exposure is None else replace(spec.exposure, events=None)
    sizes = None if spec.tumour_size is None else replace(spec.tumour_size, file=None)
    text = json.dumps(
        replace(spec, samples=None, views=views, exposure=exposure, tumour_size=sizes).as_dict()
    )
    stored.uns[UNS] = {**cohort.uns[UNS], "spec": text}
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder,
        allow_shared_feature_names(),
    ):
        part = Path(folder) / path.name
        stored.write(part)
        part.replace(path)
    return path
