"""``stratomics panel``: what it prints and writes, prediction by the locked panel, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stratomics.cli import main

FEW = ["--analytes=3..5", "--lock=3", "--form=rank"]
"""In so few patients, a weighted sum of any number of analytes carries no information."""


@pytest.fixture(scope="module")
def panel_run(response_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a locked panel of three analytes, and its noise."""
    folder = tmp_path_factory.mktemp("panel")
    run = Path(shutil.copytree(response_run, folder / response_run.name))
    (folder / "noise.csv").write_text("view,analyte,cv\nrna,*,0.1\nprotein,*,0.1\n")
    assert main(["panel", str(run), *FEW, f"--noise={folder / 'noise.csv'}"]) == 0
    return run


def test_curve_panel_and_scores_are_written(panel_run: Path) -> None:
    stored = json.loads((panel_run / "panel_curve.json").read_text())
    assert [point["analytes"] for point in stored["curve"]["points"]] == [3, 4, 5]
    assert set(stored["curve"]["references"]) == {"null", "stratomics", "clinical_logistic"}
    assert len(stored["panel"]["analytes"]) == 3
    assert 0 < stored["panel"]["noise"]["sensitivity"] <= 1
    scores = pd.read_csv(panel_run / "panel_scores.csv")
    assert list(scores) == ["sample_id", "repeat", "fold", "panel_score", "response"]
    assert scores["panel_score"].between(0, 1).all()


def test_the_locked_panel_predicts_new_patients(panel_run: Path, response_run: Path, capsys: Any) -> None:
    cohort, out = response_run.parents[1] / "small", panel_run / ".." / "predicted.csv"
    words = ["predict", str(cohort), f"--panel={panel_run / 'panel.json'}", f"--out={out}", "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["patients"] == 40
    table = pd.read_csv(out)
    assert {"response_probability", "response_set", "panel_positive", "panel_measured"} <= set(table)
    assert main([*words, "--platform=qPCR"]) == 2
    assert "platform 'qPCR' has no bridge" in capsys.readouterr().err


def test_verify_knows_the_panel(panel_run: Path, tmp_path: Path, capsys: Any) -> None:
    run = Path(shutil.copytree(panel_run, tmp_path / panel_run.name))
    capsys.readouterr()
    main(["verify", str(run), "--json"])
    assert json.loads(capsys.readouterr().out) == []
    text = (run / "panel.json").read_text()
    (run / "panel.json").write_text(text.replace('"cut"', '"cut_"'))
    assert main(["verify", str(run), "--json"]) == 2
    (finding,) = json.loads(capsys.readouterr().out)
    assert (finding["code"], finding["place"]) == ("panel_changed", "panel.json")


def test_another_panel_does_not_replace_the_locked_one(panel_run: Path, tmp_path: Path, capsys: Any) -> None:
    run = Path(shutil.copytree(panel_run, tmp_path / panel_run.name))
    before = (run / "panel.json").read_bytes()
    assert main(["panel", str(run), "--analytes=5", "--lock=5", "--form=rank"]) == 2
    assert "another panel is locked there" in capsys.readouterr().err
    assert (run / "panel.json").read_bytes() == before
    assert main(["panel", str(run), "--analytes=5", "--lock=5", "--form=rank", "--replace=true"]) == 0
    assert (run / "panel.json").read_bytes() != before


def test_a_bridge_is_locked_into_a_new_file(panel_run: Path, tmp_path: Path, capsys: Any) -> None:
    locked = tmp_path / "panel.json"
    shutil.copy(panel_run / "panel.json", locked)
    analytes = json.loads(locked.read_text())["panel"]["analytes"]
    rows = [f"{a['view']},{a['feature']},s{n},{n},{2 * n + 1}" for a in analytes for n in range(12)]
    paired = tmp_path / "paired.csv"
    paired.write_text("\n".join(["view,analyte,sample,training,other", *rows]))
    assert main(["panel", str(locked), f"--bridge={paired}", "--platform=qPCR", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["panel"] == str(tmp_path / "panel.qPCR.json")
    assert result["lines"][0]["slope"] == pytest.approx(0.5)
    assert main(["panel", str(locked), "--platform=qPCR"]) == 2
    assert "takes --bridge PAIRED.csv and --platform NAME" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--analytes=5..2"], "--analytes is '5..2'"),
        (["--analytes=zero"], "--analytes is 'zero'"),
        (["--analytes=3", "--form=ratio"], "pairs of analytes; give an even number"),
        (["--analytes=1..3", "--lock=9"], "--lock 9 is not on the curve"),
        (["--analytes=1", "--lock=1"], "held-out scores of 1 analyte(s) carry no information"),
        (
            ["--analytes=1", "--target=benefit"],
            "--target benefit needs arms to which patients were randomised",
        ),
        (["--analytes=1", "--share=2"], "--share is 2"),
        (["--analytes=1", "--bridge=x.csv"], "--bridge belongs to a locked panel"),
        (["--analytes=1", "--prices=none.csv"], "none.csv: no such file"),
    ],
)
def test_a_wrong_option_is_one_sentence(
    words: list[str], message: str, response_run: Path, capsys: Any
) -> None:
    assert main(["panel", str(response_run), *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len([line for line in error.splitlines() if line.startswith("stratomics:")]) == 1


def test_an_unfinished_run_and_a_changed_cohort_are_refused(
    response_run: Path, tmp_path: Path, capsys: Any
) -> None:
    assert main(["panel", str(tmp_path)]) == 2
    assert "not a finished run" in capsys.readouterr().err
    run = Path(shutil.copytree(response_run, tmp_path / "run"))
    cohort = Path(shutil.copytree(response_run.parents[1] / "small", tmp_path / "small"))
    config = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(config.replace(str(response_run.parents[1] / "small"), str(cohort)))
    (cohort / "rna.csv").write_text((cohort / "rna.csv").read_text().replace("0.1", "0.2"))
    assert main(["panel", str(run), "--analytes=1"]) == 2
    assert "the cohort has changed since the run" in capsys.readouterr().err
