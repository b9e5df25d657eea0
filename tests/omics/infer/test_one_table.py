"""One csv with everything becomes a cohort: groups of columns are views of the same file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from omics.checks.check_cohort import check_cohort
from omics.cohort.read import read_cohort
from omics.common.errors import CohortError
from omics.infer.cohort_yaml import guess_cohort
from omics.infer.found_table import FoundTable
from omics.infer.one_table import split_table
from omics.infer.write_yaml import as_yaml


def everything(folder: Path, ids: str = "first") -> Path:
    rng = np.random.default_rng(0)
    rows = 40
    outcome = {
        "os_days": rng.integers(1, 900, rows),
        "os_event": rng.integers(0, 2, rows),
        "age": rng.integers(30, 80, rows),
    }
    measured = {f"rna_GENE{i}": rng.normal(8, 2, rows).round(3) for i in range(12)}
    measured |= {f"prot_P{i}": rng.normal(0, 1, rows).round(3) for i in range(35)}
    columns = {"patient": [f"P{i:02d}" for i in range(rows)], **outcome, **measured}
    frame = pd.DataFrame(columns)
    if ids == "later":
        frame = frame[["age", "patient", *(name for name in frame if name not in ("age", "patient"))]]
    frame.to_csv(folder / "all.csv", index=False)
    return folder


@pytest.mark.parametrize("ids", ["first", "later"])
def test_groups_of_columns_are_views_of_the_same_file(ids: str, tmp_path: Path) -> None:
    guess = guess_cohort(everything(tmp_path, ids))
    views = guess.as_dict()["views"]
    assert {name: (view["file"], view["columns"]) for name, view in views.items()} == {
        "rna": ("all.csv", "rna_"),
        "prot": ("all.csv", "prot_"),
    }
    (tmp_path / "cohort.yaml").write_text(as_yaml(guess))
    cohort = read_cohort(tmp_path)
    assert list(cohort["rna"].var_names) == [f"GENE{i}" for i in range(12)]
    assert cohort["prot"].shape == (40, 35)
    assert set(cohort.obs) == {"os_days", "os_event", "age"}
    written = pd.read_csv(tmp_path / "all.csv", index_col="patient")
    np.testing.assert_array_equal(cohort["rna"].to_df()["GENE3"], written["rna_GENE3"])
    assert not [finding for finding in check_cohort(tmp_path) if finding.severity == "error"]


def test_columns_that_no_name_begins_with_are_an_error(tmp_path: Path) -> None:
    text = as_yaml(guess_cohort(everything(tmp_path)))
    (tmp_path / "cohort.yaml").write_text(text.replace("columns: rna_", "columns: rns_"))
    with pytest.raises(CohortError, match="no column begins with 'rns_'"):
        read_cohort(tmp_path)


def test_small_groups_and_text_stay_with_the_samples() -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "os_days": [1, 2], "os_event": [0, 1], "lab_note": ["x", "y"]})
    frame = frame.assign(**{f"lab_x{i}": [1.0, 2.0] for i in range(29)})
    table = FoundTable("all.csv", frame)
    assert split_table(table) == [table]
    more = FoundTable("all.csv", frame.assign(lab_x29=0.0))
    rest, view = split_table(more)
    assert list(rest.frame) == ["id", "os_days", "os_event", "lab_note"]
    assert view.frame.shape == (2, 31)


def test_without_groups_the_longest_run_of_decimals_is_a_view(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    genes = {f"NM_{1000 + i}": rng.normal(size=40).round(3) for i in range(32)}
    frame = pd.DataFrame(
        {"patient": [f"P{i}" for i in range(40)], "survival": rng.exponential(5, 40).round(2)}
    )
    frame = frame.assign(eventdeath=rng.integers(0, 2, 40), age=rng.integers(30, 80, 40), **genes)
    frame.to_csv(tmp_path / "all.csv", index=False)
    guess = guess_cohort(tmp_path)
    assert guess.as_dict()["views"]["measurements"]["columns"] == ["NM_1000", "NM_1031"]
    assert guess.as_dict()["endpoints"]["survival"]["event"] == "eventdeath"
    (tmp_path / "cohort.yaml").write_text(as_yaml(guess))
    cohort = read_cohort(tmp_path)
    assert list(cohort["measurements"].var_names) == list(genes)
    assert list(cohort.obs) == ["survival", "eventdeath", "age"]
