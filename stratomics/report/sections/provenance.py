"""The report's section on provenance: what it takes to get the same numbers again."""

from __future__ import annotations

from stratomics.report.section import Section
from stratomics.runs.run_directory import RunDirectory

__all__ = ["provenance"]


def provenance(run: RunDirectory) -> Section:
    """Name command, seed, digest and releases."""
    return Section("provenance", "Provenance", template="provenance.html.j2", content=run.provenance)
