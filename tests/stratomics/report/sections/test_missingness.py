"""Missing data: associations that are reported, and those that cannot be tested."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
from written_run import people, written

from stratomics.report.section import Table
from stratomics.report.sections.missingness import missing_data


def test_informative_missingness_is_reported(tmp_path: Path) -> None:
    patients = people(120, seed=1)
    dies = patients["survival.time"].rank() < 40
    patients["view.v0"] = ~dies.to_numpy()
    patients["survival.event"] = pd.array(np.ones(120, dtype=bool), dtype="boolean")
    sentences = missing_data(written(tmp_path / "run", patients))[1]
    assert isinstance(sentences, list)
    assert re.search(
        r"In patients without the view v0, the event comes earlier \(hazard ratio \d+\.\d\d, p .* after Holm",
        sentences[0],
    )


def test_complete_data_give_one_sentence(tmp_path: Path) -> None:
    patients = people(30, "response", views=0).assign(**{"view.rna": True, "covariate.age": 50.0})
    blocks = missing_data(written(tmp_path / "run", patients, kind="response"))
    assert blocks == ["No data are missing: every patient has every view and every covariate."]


def test_rare_missingness_is_not_tested(tmp_path: Path) -> None:
    patients = people(30, views=0).assign(**{"view.rna": np.arange(30) > 2, "arm": ["a", "b"] * 15})
    table, sentences = missing_data(written(tmp_path / "run", patients))
    assert isinstance(table, Table)
    assert table.table["p, endpoint"].tolist() == ["not tested"]
    assert table.table["p, arm"].tolist() == ["not tested"]
    assert "cannot be tested" in sentences[0]
