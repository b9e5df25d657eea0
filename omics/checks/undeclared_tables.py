"""The folder around a cohort: tables that lie there and take no part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from omics.checks.finding import WARNING, Finding
from omics.cohort.parse import load_spec
from omics.readers import READERS

__all__ = ["undeclared_tables"]


def undeclared_tables(source: str | Path) -> Iterator[Finding]:
    """Tables beside ``cohort.yaml`` that it does not declare."""
    path = Path(source)
    path = path / "cohort.yaml" if path.is_dir() else path
    if path.suffix == ".h5mu" or not path.is_file():
        return
    spec = load_spec(path)
    declared = {view.file for view in spec.views.values()} | {spec.samples.file if spec.samples else None}
    endings = tuple(ending for ending in READERS if ending.startswith("."))
    for file in sorted(path.parent.iterdir()):
        if file.name.endswith(endings) and file.name not in declared:
            yield Finding(
                "undeclared_table",
                WARNING,
                file.name,
                "this table lies in the folder and takes no part; declare it as a view, or remove it",
            )
