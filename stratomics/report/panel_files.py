"""Store a panel in its run, and write the report again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from omics.common.errors import InputError
from omics.common.manifest import update_manifest
from stratomics.report.page import write_report
from stratomics.strata.panel.details import CURVE, SCORES, save_curve
from stratomics.strata.panel.panel import PANEL, LockedPanel

if TYPE_CHECKING:
    from stratomics.runs.run_directory import RunDirectory
    from stratomics.strata.panel.from_run import RunPanel

__all__ = ["save_panel"]


def save_panel(run: RunDirectory, found: RunPanel, *, replace: bool = False) -> list[Path]:
    """Write curve, locked panel and scores into a run directory, and its report again.

    Parameters
    ----------
    run
        The run.
    found
        Its panel.
    replace
        Whether another panel that is locked there is replaced.

    Returns
    -------
    list of pathlib.Path
        The files.

    Raises
    ------
    InputError
        If another panel is locked there.
    """
    locked, scores = run.path / PANEL, run.path / SCORES
    if locked.exists() and not replace:
        held = LockedPanel.load(locked)
        if found.panel is None or held.digest != found.panel.digest:
            raise InputError(
                f"{locked}: another panel is locked there; keep it, or replace it with --replace true"
            )
    files = [run.path / CURVE]
    save_curve(files[0], found.curve, found.details)
    if found.panel is None or found.scores is None:
        locked.unlink(missing_ok=True)
        scores.unlink(missing_ok=True)
    else:
        found.panel.save(locked)
        found.scores.to_csv(scores, index=False)
        files += [locked, scores]
    update_manifest(run.path, write_report(run).name)
    return files
