"""An analysis is stored in its run, read back as it was, and in the manifest."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from omics.common.errors import InputError
from omics.common.files import read_json, write_parquet
from stratomics.runs.run_directory import RunDirectory
from stratomics.runs.verify import verify_run
from stratomics.strata.biology.result import COLUMNS, SetAnalysis
from stratomics.strata.biology.store import load_biology, save_biology


def analysis(q: float = 0.01) -> SetAnalysis:
    row = ["factor1", "rna", "Hallmark", "HYPOXIA", "Hypoxia", 20, 0.1, "up", q, q, "CA9, VEGFA"]
    activity = pd.DataFrame(np.eye(2), ["p1", "p2"], ["Hypoxia", "p53"])
    return SetAnalysis(pd.DataFrame([row], columns=list(COLUMNS)), ("A note.",), activity)


def test_what_is_stored_is_read_back(small_run: Path, tmp_path: Path) -> None:
    run = RunDirectory(shutil.copytree(small_run, tmp_path / "run"))
    assert load_biology(run) is None
    for result in (analysis(), SetAnalysis(analysis(0.5).tests, (), None)):
        save_biology(run, result)
        found = load_biology(run)
        assert found is not None
        pd.testing.assert_frame_equal(found.tests, result.tests)
        assert found.notes == result.notes
        if result.activity is None:
            assert found.activity is None
        else:
            pd.testing.assert_frame_equal(found.activity, result.activity, check_names=False)
    assert "biology/tests.parquet" in read_json(run.path / "manifest.json")["files"]
    assert not [finding for finding in verify_run(run) if "biology" in finding.place]
    write_parquet(run.path / "biology" / "tests.parquet", analysis(0.02).tests)
    assert [finding.code for finding in verify_run(run) if "biology" in finding.place] == ["file_changed"]


def test_a_changed_table_is_refused(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    save_biology(run, analysis())
    write_parquet(tmp_path / "biology" / "tests.parquet", pd.DataFrame({"other": [1]}))
    with pytest.raises(InputError, match="not a table of tests"):
        load_biology(run)


def test_found_are_those_with_a_small_q() -> None:
    assert len(analysis().found) == 1
    assert analysis(0.05).found.empty
