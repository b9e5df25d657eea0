"""Parts of an AnnData beside X that say how to read it: the annotation of its rows, and layers with counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from omics.common.errors import CohortError
from omics.readers.containers import anndata_errors, open_store

__all__ = ["ANNDATA", "OBS", "obs_of", "whole_layers"]

ANNDATA = (".h5ad", ".zarr")
"""Formats of AnnData."""

OBS = "obs"
"""Key in ``attrs`` of a table that is the annotation of an AnnData."""

INSPECTED = 10**5
"""Number of values of a layer that are compared with whole numbers."""


def obs_of(path: Path) -> pd.DataFrame:
    """Columns of text of ``obs``; no columns if they cannot be read.

    Parameters
    ----------
    path
        An ``.h5ad`` file or a ``.zarr`` folder.

    Returns
    -------
    DataFrame
        Its columns as text, with the mark OBS.
    """
    from anndata.io import read_elem

    obs = pd.DataFrame()
    try:
        store = open_store(path)
        with anndata_errors(str(path)):
            read = read_elem(store["obs"])
            obs = read.select_dtypes(["object", "category", "string"]).astype(str)
    except (CohortError, OSError, ValueError):
        pass  # only a hint needs them
    obs.attrs[OBS] = True
    return obs


def whole_layers(path: Path) -> list[str]:
    """Layers of an AnnData with whole numbers from 0, and ``raw`` if it has them.

    Parameters
    ----------
    path
        An ``.h5ad`` file or a ``.zarr`` folder.

    Returns
    -------
    list of str
        Their names, ``counts`` first.
    """
    try:
        store = open_store(path)
        layers = {str(name): store["layers"][name] for name in store.get("layers", ())}
        if "raw" in store:
            layers["raw"] = store["raw"]["X"]
        found = [name for name, values in layers.items() if _is_whole(values)]
    except (CohortError, OSError, KeyError, TypeError, ValueError):
        return []
    return sorted(found, key=lambda name: (name != "counts", name == "raw", name))


def _is_whole(stored: Any) -> bool:
    """Whether the first values of a stored array, dense or sparse, are whole and some are above 1."""
    values = stored["data"] if hasattr(stored, "keys") else stored
    columns = values.shape[1] if len(values.shape) > 1 else 1
    first = np.asarray(values[: max(1, INSPECTED // columns)], dtype=np.float64)
    return bool(first.size and (first >= 0).all() and (first % 1 == 0).all() and first.max() > 1)
