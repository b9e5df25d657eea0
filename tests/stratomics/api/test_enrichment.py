"""Enrichment from Python gives what the command gives, and refuses options that do not apply."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import stratomics as st
from omics.common.errors import InputError
from stratomics.api.enrichment import Enrichment
from stratomics.cli import main


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    marker, treated = rng.normal(size=240), np.arange(240) % 2 == 0
    time = rng.exponential(np.exp(0.7 * treated * (marker > 0)) * 5) + 0.01
    return pd.DataFrame(
        {
            "ki67": marker,
            "arm": np.where(treated, "new", "old"),
            "years": np.minimum(time, 8.0),
            "relapse": (time < 8).astype(int),
            "age": rng.normal(60, 9, 240),
        }
    )


ROLES: dict[str, Any] = {"score": "ki67", "arm": "arm", "control": "old", "time": "years", "event": "relapse"}


@pytest.fixture(scope="module")
def enrichment(table: pd.DataFrame) -> Enrichment:
    return st.enrich(table, **ROLES, cuts=[-0.5, 0.0, 0.5], covariates=["age"], draws=50, seed=3)


def test_rows_are_the_numbers_of_the_command(
    enrichment: Enrichment, table: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table.to_csv(tmp_path / "trial.csv", index=False)
    words = [f"--{key}={value}" for key, value in ROLES.items()]
    words += [
        f"--table={tmp_path / 'trial.csv'}",
        "--cuts=-0.5,0,0.5",
        "--covariates=age",
        "--draws=50",
        "--seed=3",
    ]
    assert main(["enrich", *words, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    rows = enrichment.rows
    assert len(rows) == 4
    for row, stored in zip(rows.itertuples(), content["rows"], strict=True):
        assert row.inside == pytest.approx(stored["inside"]["estimate"], rel=1e-12)
        assert row.inside_high == pytest.approx(stored["inside"]["high"], rel=1e-12)
    assert np.isnan(rows["outside_low"].iloc[0])
    assert rows["prevalence"].iloc[0] == 1.0


def test_the_input_is_unchanged_and_nothing_is_written(table: pd.DataFrame, enrichment: Enrichment) -> None:
    before = table.copy()
    st.enrich(table, **ROLES, cuts=[0.0], draws=20)
    pd.testing.assert_frame_equal(table, before)
    with pytest.raises(InputError, match="has no run directory"):
        enrichment.save()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"randomised": "maybe"}, "choose one of adaptive, no, yes"),
        ({"control": None}, "needs control"),
        ({"scores": "ki67"}, "did you mean 'score'"),
        ({"trials": 100}, "has no option 'trials'"),
        ({"control": "placebo"}, "no patient of column 'arm' has the value 'placebo'"),
        ({"time": "year"}, "did you mean 'years'"),
        ({"cuts": [0.0], "shares": [0.5]}, "exclude each other"),
        ({"costs": (1, 2, 3)}, "two numbers"),
        ({"response": "relapse"}, "but not both"),
    ],
)
def test_wrong_options_of_a_table(options: dict[str, Any], sentence: str, table: pd.DataFrame) -> None:
    given = {key: value for key, value in (ROLES | options).items() if value is not None}
    with pytest.raises(InputError, match=sentence):
        st.enrich(table, **given)


def test_the_allocation_is_assumed_in_a_sentence_or_given(
    table: pd.DataFrame, enrichment: Enrichment
) -> None:
    assert any("taken as allocated at random" in sentence for sentence in enrichment.warnings)
    observed = st.enrich(table, **ROLES, cuts=[0.0], draws=20, randomised=False, covariates=["age"])
    assert not any("taken as allocated" in sentence for sentence in observed.warnings)
    assert "Enrichment by ki67, 2 rows" in repr(observed)


def test_a_run_of_one_arm_gives_prognostic_rows(small_run: Path) -> None:
    run = st.open_run(small_run)
    rows = st.enrich(run).rows
    assert rows["share"].tolist() == [1.0, 0.75, 0.5, 0.25]
    with pytest.raises(InputError, match="a run of one arm has no option 'control'"):
        st.enrich(run, control="a")


def test_anything_else_is_refused() -> None:
    with pytest.raises(InputError, match="cannot enrich a str"):
        st.enrich("runs/x")  # type: ignore[arg-type]  # a caller's mistake
