"""The report's section on provenance: what is needed to reproduce the run."""

from __future__ import annotations

from stratomics.report.section import Section
from stratomics.runs.run_directory import RunDirectory

__all__ = ["provenance"]


def provenance(run: RunDirectory) -> Section:
    """Show command, seed, digest and package versions."""
    return Section("provenance", "Provenance", template="provenance.html.j2", content=run.provenance)
