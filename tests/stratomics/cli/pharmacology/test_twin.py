"""``stratomics twin``: tables, figure and virtual trials; wrong input is one sentence and exit code 2."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from dosed import HIGH, LOW, dose_rows, few_draws, write_dosed

from stratomics.cli import main

NOTE = "Model-based; causal only where the dose was randomised. For research; not for dosing of patients."


@pytest.fixture(autouse=True, scope="module")
def _few_draws() -> Iterator[None]:
    with few_draws():
        yield


@pytest.fixture
def words(exposed_model: Path, tmp_path: Path) -> list[str]:
    """The command with a low and a high dose."""
    for one in (LOW, HIGH):
        (tmp_path / f"{one['name']}.yaml").write_text(yaml.safe_dump(one))
    regimens = [str(tmp_path / f"{name}.yaml") for name in ("low", "high")]
    return ["twin", str(exposed_model), str(exposed_model.parent / "cohort"), "--regimen", *regimens]


@pytest.mark.slow
def test_tables_a_figure_and_virtual_trials(words: list[str], tmp_path: Path, capsys: Any) -> None:
    out, figure = tmp_path / "twins.csv", tmp_path / "p001.svg"
    more = ["--patient", "p001", "--out", str(out), "--figure", str(figure), "--trial", "100", "60", "1"]
    assert main([*words, *more]) == 0
    text = capsys.readouterr().out
    assert text.rstrip().endswith(NOTE)
    assert "Differences from low" in text
    assert "Mean differences from low" in text
    assert re.search(
        r"survival: twice the auc24_first is 0\.\d\d times the hazard .*, learned from \d+ patients", text
    )
    assert "Virtual trials, high against low" in text
    table = pd.read_csv(out)
    assert set(table["regimen"]) == {"low", "high"}
    assert set(table["note"]) == {NOTE}
    for name in ("exposure", "differences", "curves"):
        assert set(pd.read_csv(tmp_path / f"twins.{name}.csv")["patient"]) == {"p001"}
    assert NOTE in figure.read_text()


def test_the_result_as_json(words: list[str], capsys: Any) -> None:
    assert main([*words, "--patient", "p001", "p004", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["note"] == NOTE
    assert {row["patient"] for row in result["predictions"]} == {"p001", "p004"}
    assert [row["learned_from"] for row in result["effects"]] == ["doses", "doses"]
    assert {row["endpoint"] for row in result["mean_differences"]} == {"survival", "response"}
    assert all(row["time"] is None for row in result["predictions"] if row["quantity"] == "probability")


def test_another_kinetic_model_than_that_of_the_run_is_one_sentence(
    words: list[str], tmp_path: Path, capsys: Any
) -> None:
    other = write_dosed(
        tmp_path / "other", model="vancomycin_buelga_2005", covariates={"CRCL": "crcl", "WT": "wt"}
    )
    assert main([words[0], words[1], str(other), *words[3:]]) == 2
    assert (
        "the model was fitted to exposure by vancomycin_goti_2018, but the block 'exposure' of the cohort names "
        "vancomycin_buelga_2005; give the cohort the kinetic model of the run"
    ) in one_line(capsys)


def changed(path: str, **keys: object) -> None:
    file = Path(path)
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | keys))


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"unit": "g"}, "regimen 'low' has its dose in g, but vancomycin_goti_2018 is in mg"),
        ({"doze": 5}, "'doze' is not a known key"),
        ({"dose": 90000}, "regimen 'low' gives patient p001"),
        ({"per": "BSA"}, "regimen 'low' is per BSA"),
        ({"name": "high"}, "two regimens have the name 'high'"),
    ],
)
def test_a_wrong_regimen_is_one_sentence(
    words: list[str], keys: dict[str, Any], sentence: str, capsys: Any
) -> None:
    changed(words[4], **keys)
    assert main([*words, "--patient", "p001"]) == 2
    assert sentence in one_line(capsys)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--patient", "p099"], "there is no patient p099; did you mean"),
        (["--out", "a.txt"], "--out a.txt: unknown ending '.txt'"),
        (["--figure", "a.svg"], "--figure shows one patient"),
        (["--figure", "a.gif", "--patient", "p001"], "unknown ending '.gif'"),
    ],
)
def test_a_wrong_option_is_one_sentence(
    words: list[str], options: list[str], sentence: str, capsys: Any
) -> None:
    assert main([*words, *options]) == 2
    assert sentence in one_line(capsys)


def test_patients_without_doses_covariates_or_exposure(words: list[str], tmp_path: Path, capsys: Any) -> None:
    rows = dose_rows([f"p{number:03d}" for number in range(40)])
    undosed = write_dosed(tmp_path / "undosed", rows.query("ID != 'p001'"))
    assert main([*words[:2], str(undosed), *words[3:], "--patient", "p001"]) == 2
    assert "patient p001: has no dose" in one_line(capsys)
    bare = write_dosed(tmp_path / "bare", covariates={"WT": "wt", "DIAL": "dial"})
    assert main([*words[:2], str(bare), *words[3:], "--patient", "p001"]) == 2
    assert "the model needs the covariate CRCL" in one_line(capsys)
    assert main([*words[:2], "bundled:tcga_acc", *words[3:]]) == 2
    assert "the cohort has no block 'exposure'" in one_line(capsys)


def test_a_trial_of_one_regimen(words: list[str], capsys: Any) -> None:
    assert main([*words[:5], "--trial", "100", "60", "1"]) == 2
    assert "--trial needs two regimens" in one_line(capsys)


def one_line(capsys: Any) -> str:
    text: str = capsys.readouterr().err.strip()
    assert len(text.splitlines()) == 1
    return text
