"""``stratomics dose``: tables, JSON, the last line, and wrong input in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from dosed import write_dosed

from stratomics.cli import main

MODEL = "vancomycin_goti_2018"
PATIENT = ["--covariates", "CRCL=90", "WT=70", "DIAL=0"]
PLAN = [
    "--target",
    "auc24:400-600",
    "--doses",
    "500",
    "750",
    "1000",
    "1250",
    "--interval",
    "12",
    "--infusion",
    "1",
]
LAST = "For research; not for dosing of patients."

EVENTS = """ID,TIME,AMT,RATE,DV,ADDL,II,CRCL,WEIGHT
7,0,1000,1000,.,3,12,90,70
7,47.5,.,.,12,.,.,90,70
8,0,1000,1000,.,3,12,170,82
8,47.5,.,.,22,.,.,170,82
"""


@pytest.fixture
def events(tmp_path: Path) -> str:
    file = tmp_path / "events.csv"
    file.write_text(EVENTS)
    return f"--events={file}"


def test_the_probabilities_of_a_patient(capsys: Any) -> None:
    assert main(["dose", MODEL, *PATIENT, *PLAN, "--value", "500"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{MODEL}: vancomycin every 12 h, infused over 1 h; 1 patient"
    assert lines[1] == "target: auc24_ss 400 to 600 mg/L x h"
    (row,) = (line for line in lines if "1,000 │" in line)
    assert [cell.strip() for cell in row.split("│")[1:-1]] == [
        "1,000",
        "559",
        "0.191",
        "0.382",
        "0.428",
        "exact",
    ]
    assert "1,000 mg is the most probable (0.382); of all doses, 876 mg (0.403)." in "\n".join(lines)
    assert "a median auc24_ss of 500 is reached by 894 mg." in "\n".join(lines)
    assert lines[-1] == LAST


def test_levels_of_a_patient_as_json(events: str, capsys: Any) -> None:
    options = ["--covariates", "WT=WEIGHT", "DIAL=0", "--patient", "8", "--draws", "500", "--value", "500"]
    assert main(["dose", MODEL, events, *options, *PLAN, "--json"]) == 0
    text = capsys.readouterr().out
    assert "NaN" not in text
    found = json.loads(text)
    assert found["note"] == LAST
    assert found["patients"] == ["8"]
    assert found["target"] == {"measure": "auc24_ss", "low": 400, "high": 600, "unit": "mg/L x h"}
    assert [row["dose"] for row in found["with_levels"]["rows"]] == [500, 750, 1000, 1250]
    assert found["with_levels"]["best"]["within"] > found["without_levels"]["best"]["within"]
    assert found["with_levels"]["reach"]["8"] < found["without_levels"]["reach"]["8"]
    assert "CRCL is 170 in the patient" in found["notes"][0]


def test_several_patients_with_levels(events: str, capsys: Any) -> None:
    options = ["--covariates", "WT=WEIGHT", "DIAL=0", "--draws", "500"]
    assert main(["dose", MODEL, events, *options, *PLAN]) == 0
    text = capsys.readouterr().out
    assert "2 patients" in text
    assert "Without levels, with the most probable dose of each patient (" in text
    assert "What the levels buy: the most probable doses without them" in text
    assert "note: CRCL is 170 in patient 8" in text
    assert text.splitlines()[-1] == LAST


def test_doses_per_weight(capsys: Any) -> None:
    plan = ["--target", "cmin:10-20", "--doses", "15", "--interval", "12", "--draws", "200", "--per", "WT"]
    assert main(["dose", MODEL, *PATIENT, *plan]) == 0
    text = capsys.readouterr().out
    assert "mg per WT" in text
    assert "infused" not in text
    assert "exact" not in text


def replaced(option: str, *values: str) -> list[str]:
    """PLAN with other values of an option."""
    at = PLAN.index(option)
    after = next((place for place in range(at + 1, len(PLAN)) if PLAN[place].startswith("--")), len(PLAN))
    return [*PLAN[: at + 1], *values, *PLAN[after:]]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (PLAN, "give the patient with --covariates NAME=VALUE"),
        ([*PATIENT[:3], *PLAN], "needs the covariate DIAL"),
        (["--covariates", "CRCL", *PLAN], "--covariates has 'CRCL'; write NAME=VALUE"),
        (["--covariates", "WT=70", "WT=71", *PLAN], "--covariates has WT twice"),
        (["--covariates", "CRCL=90", "WT=heavy", "DIAL=0", *PLAN], "WT has a value that is no number"),
        (["--covariates", "CRCL=90", "WGT=70", "DIAL=0", *PLAN], "no covariate 'WGT'; did you mean 'WT'?"),
        ([*PATIENT, *replaced("--target", "auc:400-600")], "the measure 'auc', which is not known"),
        ([*PATIENT, *replaced("--target", "auc24:600-400")], "600 is not below 400"),
        ([*PATIENT, *replaced("--doses", "1g")], "'1g' is in g, and vancomycin_goti_2018 has mg; write 1000"),
        ([*PATIENT, *replaced("--doses", "-500")], "the dose is -500; doses are above 0"),
        ([*PATIENT, *replaced("--doses", "0.5", "1")], "check the units: doses are in mg"),
        ([*PATIENT, *replaced("--interval", "0")], "the interval is 0"),
        ([*PATIENT, *replaced("--infusion", "24")], "an infusion ends within the interval"),
        ([*PATIENT, *PLAN, "--draws", "0"], "draws is 0; it must be"),
        ([*PATIENT, *PLAN, "--value", "-5"], "value is -5; it must be"),
        ([*PATIENT, *PLAN[2:]], "target"),
        (["--events=missing.csv", *PLAN], "missing.csv"),
        ([*PATIENT, *PLAN, "--patient", "7"], "patient 7 needs a table of events"),
    ],
)
def test_wrong_requests(words: list[str], message: str, capsys: Any) -> None:
    assert main(["dose", MODEL, *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_an_unknown_model(capsys: Any) -> None:
    assert main(["dose", "vancomycin_goti", *PATIENT, *PLAN]) == 2
    assert "did you mean 'vancomycin_goti_2018'?" in capsys.readouterr().err


def test_a_cohort_gives_model_patients_and_target(tmp_path: Path, capsys: Any) -> None:
    folder = write_dosed(tmp_path / "cohort", target={"auc24_ss": [300, 500]})
    plan = ["--doses", "500", "1000", "--interval", "12", "--infusion", "1", "--draws", "200"]
    assert main(["dose", str(folder), *plan, "--patient", "p001", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["model"] == MODEL
    assert found["patients"] == ["p001"]
    assert (found["target"]["measure"], found["target"]["low"], found["target"]["high"]) == (
        "auc24_ss",
        300,
        500,
    )
    assert found["with_levels"] is not None
    given = ["--target", "cmin_ss:10-20", "--patient", "p001", "--json"]
    assert main(["dose", str(folder), *plan, *given]) == 0
    assert json.loads(capsys.readouterr().out)["target"]["measure"] == "cmin_ss"


@pytest.mark.parametrize(
    ("target", "more", "sentence"),
    [
        (None, [], "has no 'target'; add one, or give a target"),
        ({"auc24_first": [100, 300], "auc24_ss": [300, 500]}, [], "auc24_first:100-300 or auc24_ss:300-500"),
        ({"auc24_ss": [300, 500]}, ["--events", "events.csv"], "has its own events; leave out events.csv"),
        ({"auc24_ss": [300, 500]}, ["--covariates", "WT=70"], "leave out the covariates"),
    ],
)
def test_what_a_cohort_lacks_or_has_already(
    target: object, more: list[str], sentence: str, tmp_path: Path, capsys: Any
) -> None:
    folder = write_dosed(tmp_path / "cohort", target=target)
    assert main(["dose", str(folder), "--doses", "500", "--interval", "12", *more]) == 2
    assert sentence in capsys.readouterr().err


def test_a_model_has_no_target(capsys: Any) -> None:
    assert main(["dose", MODEL, *PATIENT, "--doses", "500", "--interval", "12"]) == 2
    assert "give --target MEASURE:LOW-HIGH" in capsys.readouterr().err
