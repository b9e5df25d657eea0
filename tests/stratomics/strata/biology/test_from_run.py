"""Analysis of a finished run: its factors, sets of the user, groups, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from omics.common.errors import DataError, InputError
from omics.common.files import read_json, read_parquet, write_json, write_parquet
from stratomics.runs.run_directory import RunDirectory
from stratomics.strata.biology.from_run import analyse_run


@pytest.fixture
def run(small_run: Path, tmp_path: Path) -> RunDirectory:
    return RunDirectory(shutil.copytree(small_run, tmp_path / "run"))


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    path = tmp_path / "sets.gmt"
    path.write_text("one\tFirst\t" + "\t".join(f"rna{n}" for n in range(8)) + "\ntwo\tSecond\trna8\trna9\n")
    return path


def test_factors_and_groups_of_a_run(run: RunDirectory, sets: Path) -> None:
    found = analyse_run(run, sets)
    verdicts = read_parquet(run.path / "factors" / "stability.parquet").set_index("factor")["verdict"]
    assert set(found.tests["contrast"]) == set(verdicts[verdicts != "poor"].index)
    assert set(found.tests["view"]) == {"rna"}
    assert found.tests["title"].unique().tolist() == ["First"]
    assert any("View 'protein' is not tested" in note for note in found.notes)
    assert found.activity is None
    both = analyse_run(run, sets, "stage")
    pd.testing.assert_frame_equal(both.tests.head(len(found.tests)), found.tests)
    groups = set(both.tests["contrast"]) - set(found.tests["contrast"])
    assert groups == {"stage I", "stage II", "stage III"}


def test_a_run_whose_factors_are_all_poor_has_groups_only(run: RunDirectory, sets: Path) -> None:
    place = run.path / "factors" / "stability.parquet"
    write_parquet(place, read_parquet(place).assign(verdict="poor"))
    with pytest.raises(DataError, match="all factors have poor stability"):
        analyse_run(run, sets)
    assert len(analyse_run(run, sets, "stage").tests) == 3


def test_what_is_refused(run: RunDirectory, sets: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no set can be tested .* agree, and at least a third is needed"):
        analyse_run(run)
    with pytest.raises(InputError, match="no column 'grade'"):
        analyse_run(run, sets, "grade")
    with pytest.raises(InputError, match="no such file"):
        analyse_run(run, tmp_path / "absent.gmt")
    with pytest.raises(InputError, match="not a finished run"):
        analyse_run(RunDirectory(tmp_path), sets)
    facts = read_json(run.path / "provenance.json")
    write_json(run.path / "provenance.json", {**facts, "cohort_digest": "0"})
    with pytest.raises(InputError, match="the cohort has changed since this run"):
        analyse_run(RunDirectory(run.path), sets)
    shutil.rmtree(run.path / "factors")
    with pytest.raises(InputError, match="this run has no factors"):
        analyse_run(run, sets)


def test_the_table_does_not_depend_on_the_order_of_sets(run: RunDirectory, sets: Path) -> None:
    text = "three\tThird\t" + "\t".join(f"rna{n}" for n in range(6, 14)) + "\n"
    sets.write_text(sets.read_text() + text)
    one = analyse_run(run, sets).tests
    sets.write_text("".join(reversed(sets.read_text().splitlines(keepends=True))))
    other = analyse_run(run, sets).tests
    keys = ["contrast", "view", "set"]
    pd.testing.assert_frame_equal(
        one.sort_values(keys, ignore_index=True), other.sort_values(keys, ignore_index=True)
    )
