"""``stratomics exposure``: the list and the values of models; wrong input is one sentence and exit code 2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import small
from exposed_cohort import write_exposed

from datamodules.exposure.published.library import find_model, list_models
from stratomics.cli import main

RESEARCH_USE = "For research; not for dosing of patients."


def test_all_models_are_listed(capsys: Any) -> None:
    assert main(["exposure", "--list"]) == 0
    text = capsys.readouterr().out
    assert text.rstrip().endswith(RESEARCH_USE)
    for model in list_models():
        assert model.name in text
        assert model.source.doi in text


def test_the_list_as_json(capsys: Any) -> None:
    assert main(["exposure", "--list", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["note"] == RESEARCH_USE
    assert [row["name"] for row in result["models"]] == [model.name for model in list_models()]
    assert set(result["models"][0]) == {"name", "drug", "structure", "population", "doi"}


@pytest.mark.parametrize("name", [model.name for model in list_models()])
def test_a_model_is_shown(name: str, capsys: Any) -> None:
    model = find_model(name)
    assert main(["exposure", "--show", name]) == 0
    text = capsys.readouterr().out
    assert text.rstrip().endswith(RESEARCH_USE)
    for word in (model.drug, model.source.doi, *model.parameters, *model.covariates, *model.notes.split()):
        assert word in text
    assert "None" not in text
    assert "nan" not in text.split()


def test_values_units_effects_and_both_kinds_of_variability(capsys: Any) -> None:
    assert main(["exposure", "--show", "tacrolimus_woillard_2011"]) == 0
    lines = [" ".join(line.replace("│", " ").split()) for line in capsys.readouterr().out.splitlines()]
    assert "CL 21.2 L/h, apparent (HCT / 35) ^ -1.14 x 2 where CYP3A5 is 1" in lines
    assert "CL patients 0.0784 28.6" in lines
    assert "V1 occasions 0.5625 86.9" in lines
    assert "HCT % 20.9 to 46.6" in lines
    assert any("root of (0.71 ng/mL) ^ 2 + (11.3% of the level) ^ 2" in line for line in lines)


def test_computed_covariates_and_covariances_are_named(capsys: Any) -> None:
    assert main(["exposure", "--show", "vancomycin_colin_2019"]) == 0
    text = capsys.readouterr().out
    assert "computed from AGE if missing" in text
    assert "covariance of CL and V1: 0.054075" in text


def test_a_model_as_json_can_be_read_again(tmp_path: Path, capsys: Any) -> None:
    assert main(["exposure", "--show", "vancomycin_goti_2018", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["note"] == RESEARCH_USE
    path = tmp_path / "again.yaml"
    path.write_text(json.dumps(result["model"]), encoding="utf-8")
    assert find_model(path) == find_model("vancomycin_goti_2018")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "give one of COHORT, --list and --show NAME"),
        (["--list", "--show", "vancomycin_goti_2018"], "give one of COHORT, --list and --show NAME"),
        (
            ["--show", "vancomycin_gotti"],
            "unknown model 'vancomycin_gotti'; did you mean 'vancomycin_goti_2018'",
        ),
        (["--show", "none.yaml"], "there is no file none.yaml"),
    ],
)
def test_wrong_input_is_one_sentence(arguments: list[str], sentence: str, capsys: Any) -> None:
    assert main(["exposure", *arguments]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert len(error.strip().splitlines()) == 1


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three patients with four doses and one level, two with doses alone."""
    folder = tmp_path_factory.mktemp("exposed")
    patients = small.tables()["outcome"]["sample_id"].to_list()[:5]
    rows = []
    for number, patient in enumerate(patients):
        same = {"ID": patient, "crcl": 80, "wt": 70, "dial": 0}
        rows.append({**same, "TIME": 0, "AMT": 1000, "RATE": 1000, "II": 12, "ADDL": 3})
        if number < 3:
            rows.append({**same, "TIME": 47.5, "DV": 12 + number})
    keys = {
        "model": "vancomycin_goti_2018",
        "covariates": {"CRCL": "crcl", "WT": "wt", "DIAL": "dial"},
        "metrics": ["auc24_ss"],
        "window": "all",
    }
    return write_exposed(folder, pd.DataFrame(rows), **keys)


def test_the_exposure_of_a_cohort(exposed: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "exposure.csv"
    assert main(["exposure", str(exposed), "--out", str(out), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    table = pd.read_csv(out)
    assert table["levels"].to_list() == [1, 1, 1, 0, 0]
    assert table["auc24_ss"].to_list() == pytest.approx(
        [row["auc24_ss"] for row in result["patients"]], rel=1e-5
    )
    # A higher level means a larger area; without levels the area is the population's, and less certain.
    assert table["auc24_ss"][:3].is_monotonic_increasing
    assert table["auc24_ss"][3] == pytest.approx(table["auc24_ss"][4])
    assert table["auc24_ss_sd"][3] > table["auc24_ss_sd"][:3].max()
    assert any("no levels" in note or "no level" in note for note in result["notes"])
    assert result["note"] == RESEARCH_USE


def test_the_exposure_of_a_cohort_on_the_screen(exposed: Path, capsys: Any) -> None:
    assert main(["exposure", str(exposed)]) == 0
    text = capsys.readouterr().out
    assert "auc24_ss" in text
    assert "Shrinkage: CL" in text
    assert text.rstrip().endswith(RESEARCH_USE)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["bundled:tcga_acc"], "the cohort has no block 'exposure'"),
        (["bundled:tcga_acc", "--list"], "give one of COHORT, --list and --show NAME"),
        (["--list", "--out", "a.csv"], "--out and --run belong to a COHORT"),
    ],
)
def test_wrong_arguments_are_one_sentence(arguments: list[str], sentence: str, capsys: Any) -> None:
    assert main(["exposure", *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_a_measure_that_does_not_exist(tmp_path: Path, capsys: Any) -> None:
    folder = write_exposed(tmp_path, metrics=["auc48"], model="theophylline_boeckmann_1994", covariates=None)
    assert main(["exposure", str(folder)]) == 2
    assert "metrics has auc48; write any of" in capsys.readouterr().err
