"""Registry entries that a user adds at run time, carried into the processes that fit.

``HEADS["survival"]["mine"] = "my_heads:MyHead"`` changes the registry of one process. A worker process imports the
registries again, without the entry, so that a run sends its entries to the workers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from omics.common.registry import resolve

__all__ = ["REGISTRIES", "Registries", "entries_of", "register_entries", "registered"]

REGISTRIES = {
    "modality": "omics.modalities:MODALITIES",
    "file format": "omics.readers:READERS",
    "split design": "datamodules.resampling:DESIGNS",
    "step of harmonization": "datamodules.steps:STEPS",
    "factor model": "models.factors:FACTOR_MODELS",
    "head": "models.heads:HEADS",
    "candidate": "stratomics.candidates:CANDIDATES",
    "control": "stratomics.controls:CONTROLS",
    "metric": "stratomics.evaluation.metrics:METRICS",
}
"""Registries that the processes of a run look names up in."""

Registries = Mapping[str, Mapping[str, Any]]
"""Name in REGISTRIES -> its table, or one table per kind of endpoint."""


def registered() -> Registries:
    """Copy the registries as they are in this process.

    Examples
    --------
    >>> registered()["factor model"]["pca"]
    'models.factors.pca:PCA'
    """
    return {name: deepcopy(resolve(REGISTRIES, name, "registry")) for name in REGISTRIES}


def register_entries(registries: Registries) -> None:
    """Add the entries of another process to the registries of this process.

    An entry is imported when it is first looked up, so that its module has to be importable here too. It is
    importable in the processes that `stratomics.executor.local` starts.
    """
    for name, entries in registries.items():
        table = resolve(REGISTRIES, name, "registry")
        for key, entry in entries.items():
            if isinstance(entry, str):
                table[key] = entry
            else:
                table[key].update(entry)


def entries_of(registries: Registries) -> Iterator[str]:
    """Yield every entry, written ``"module:attribute"``."""
    for table in registries.values():
        for entry in table.values():
            yield from (entry,) if isinstance(entry, str) else entry.values()
