"""Store the explanation of its own patients in a run, and write the report again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from omics.common.manifest import update_manifest
from stratomics.explanation.store import EXPLANATION, StoredExplanation, save_explanation
from stratomics.report.page import write_report

if TYPE_CHECKING:
    from stratomics.runs.run_directory import RunDirectory

__all__ = ["store_in_run"]


def store_in_run(run: RunDirectory, stored: StoredExplanation) -> Path:
    """Write ``explanation/`` of a run, and its report again.

    Parameters
    ----------
    run
        The run.
    stored
        The explanation of its training patients.

    Returns
    -------
    pathlib.Path
        The folder.
    """
    save_explanation(run, stored)
    update_manifest(run.path, write_report(run).name)
    return run.path / EXPLANATION
