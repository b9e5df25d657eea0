"""Entries that a person made in the tables of names, carried into the processes that fit.

``HEADS["survival"]["mine"] = "my_heads:MyHead"`` holds in the process that ran it. A worker imports the tables anew,
and would know nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from omics.common.registry import resolve

__all__ = ["EXTENDED", "Tables", "register_entries", "registered"]

EXTENDED = {
    "modality": "omics.modalities:MODALITIES",
    "file format": "omics.readers:READERS",
    "factor model": "models.factors:FACTOR_MODELS",
    "head": "models.heads:HEADS",
    "baseline": "stratomics.baselines:BASELINES",
}
"""What a fit looks up by name, and in which table."""

Tables = Mapping[str, Mapping[str, Any]]
"""A name of EXTENDED -> that table, or a table a kind of endpoint."""


def registered() -> Tables:
    """Give the tables as they stand in this process.

    Examples
    --------
    >>> registered()["factor model"]["pca"]
    'models.factors.pca:PCA'
    """
    return {name: deepcopy(resolve(EXTENDED, name, "table")) for name in EXTENDED}


def register_entries(registered: Tables) -> None:
    """Bring the entries of another process into this one.

    What they point to is imported where it is first asked for: its module has to be on the path here too, as it is in
    the processes of `stratomics.executor.local`.
    """
    for name, entries in registered.items():
        own = resolve(EXTENDED, name, "table")
        for key, entry in entries.items():
            if isinstance(entry, str):
                own[key] = entry
            else:
                own[key].update(entry)
