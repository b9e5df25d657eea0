"""Store a gene-set analysis in its run, in the folder ``biology``, and read it back."""

from __future__ import annotations

import pandas as pd

from omics.common.errors import InputError
from omics.common.files import read_json, read_parquet, staged_folder, write_json, write_parquet
from omics.common.manifest import update_manifest
from stratomics.runs.run_directory import RunDirectory
from stratomics.strata.biology.result import COLUMNS, SetAnalysis

__all__ = ["ACTIVITY", "BIOLOGY", "load_biology", "save_biology"]

BIOLOGY = "biology"
"""Folder of the analysis in a run."""

ABOUT, TESTS = "about.json", "tests.parquet"

ACTIVITY = "activity.parquet"
"""File with a row per patient."""

PATIENT = "sample_id"


def save_biology(run: RunDirectory, result: SetAnalysis) -> None:
    """Write ``biology/`` of a run, in place of an earlier one, and the digests of its files into the manifest.

    Parameters
    ----------
    run
        A finished run.
    result
        What was found in it.
    """
    activity = pd.DataFrame() if result.activity is None else result.activity
    with staged_folder(run.path / BIOLOGY) as folder:
        write_parquet(folder / TESTS, result.tests)
        write_parquet(folder / ACTIVITY, activity.rename_axis(PATIENT).reset_index())
        write_json(folder / ABOUT, {"notes": list(result.notes), "panel": list(result.panel)})
    for name in (TESTS, ACTIVITY, ABOUT):
        update_manifest(run.path, f"{BIOLOGY}/{name}")


def load_biology(run: RunDirectory) -> SetAnalysis | None:
    """Read ``biology/``; None for a run that ``stratomics biology`` has not analysed.

    Raises
    ------
    InputError
        If a file is missing, or is not as it was written.
    """
    folder = run.path / BIOLOGY
    if not folder.is_dir():
        return None
    tests = read_parquet(folder / TESTS)
    if list(tests.columns) != list(COLUMNS):
        raise InputError(f"{folder / TESTS}: not a table of tests; run `stratomics biology` again")
    # A record in MLflow may have no rows of patients.
    there = (folder / ACTIVITY).is_file()
    activity = read_parquet(folder / ACTIVITY).set_index(PATIENT) if there else pd.DataFrame()
    about = read_json(folder / ABOUT)
    notes, panel = (tuple(map(str, about.get(name, []))) for name in ("notes", "panel"))
    return SetAnalysis(tests, notes, None if activity.empty else activity, panel)
