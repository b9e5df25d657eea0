"""``stratomics enrich`` of a table and of a run: figures, sentences, and invalid input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from trials import Find, survival_trial

from omics.common.files import read_json
from stratomics.cli import main
from stratomics.enrichment.from_run import run_score, run_trial
from stratomics.enrichment.selection.cuts import share_cuts
from stratomics.enrichment.store import load_subgroup
from stratomics.runs.run_directory import RunDirectory

FEW = ["--draws", "20"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    trial, rng = survival_trial(0, n=160), np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "arm": np.where(trial.treated, "drug", "placebo"),
            "years": trial.survival.time,
            "died": trial.survival.event.astype(int),
            "responded": (rng.random(160) < 0.4).astype(int),
            "marker": rng.normal(size=160).round(3),
            "age": rng.normal(60, 8, 160).round(1),
            "toxic": (rng.random(160) < 0.3).astype(int),
        }
    )
    frame.to_csv(tmp_path / "trial.csv", index=False)
    return tmp_path / "trial.csv"


def words(place: Path, /, **others: str) -> list[str]:
    named = {"table": str(place), "score": "marker", "arm": "arm", "control": "placebo"} | others
    if "response" not in named:
        named = {"time": "years", "event": "died"} | named
    return ["enrich", *FEW, *(f"--{key}={value}" for key, value in named.items())]


def test_big198_on_the_command_line(shared: Find, capsys: pytest.CaptureFixture[str]) -> None:
    place = shared("trials/big198_ki67.csv")
    line = words(place, score="ki67", arm="trt", control="2", time="time", event="event", cuts="11,14")
    assert main([*line, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [row["cut"] for row in answer["rows"]] == [None, 11.0, 14.0]
    assert [round(row["inside"]["estimate"], 3) for row in answer["rows"]] == [0.635, 0.533, 0.461]
    assert [round(row["events_needed"]["0.8"]) for row in answer["rows"]] == [152, 79, 52]
    assert answer["search"]["cut"] == 14.0
    assert answer["subgroup"]["exploratory"]
    assert main(line) == 0
    shown = capsys.readouterr().out
    for piece in (
        "0.461 (0.328 to 0.648)",
        "cut chosen: 14",
        "out of bag",
        "exploratory",
        "randomised: differences",
    ):
        assert piece in shown


@pytest.mark.parametrize(
    ("others", "pieces"),
    [
        ({}, ["hazard ratio", "cut chosen", "in survival time"]),
        ({"measure": "rmst", "horizon": "0.8"}, ["restricted mean time to 0.8"]),
        ({"measure": "survival", "follow_up": "0.7"}, ["difference of survival at 0.7"]),
        ({"response": "responded"}, ["difference of the response rate"]),
        ({"response": "responded", "toxicity": "toxic"}, ["efficacy minus weight x toxicity"]),
        ({"costs": "100,20000"}, ["for a power of 80% and 90%", "screened cost"]),
        (
            {"covariates": "age", "randomised": "no"},
            ["not randomised", "almost certain to be in their arm", "not adjusted"],
        ),
        ({"randomised": "adaptive"}, ["allocation changed with the outcomes"]),
        ({"cuts": "0"}, ["randomised"]),
        ({"shares": "0.3,0.5"}, ["30.0%", "50.0%", "cut chosen"]),
        (
            {"covariates": "age", "signature": "0.4"},
            ["adaptive signature on covariates, 40% of the patients", "interaction of signature and arm, p"],
        ),
    ],
)
def test_every_option_has_its_sentence(
    table: Path, capsys: pytest.CaptureFixture[str], others: dict[str, str], pieces: list[str]
) -> None:
    assert main(words(table, **others)) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert all(piece in shown for piece in pieces), shown
    assert "nan" not in shown


def test_the_same_seed_gives_the_same_bytes(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def output(seed: str) -> str:
        assert main([*words(table, seed=seed), "--json"]) == 0
        return capsys.readouterr().out

    assert output("1") == output("1") != output("2")


def test_doses_are_compared_one_by_one_or_pooled(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.read_csv(table)
    frame["dose"] = np.where(frame["arm"] == "placebo", 0, np.where(np.arange(160) % 3 == 0, 6, 18))
    frame.to_csv(table, index=False)
    sizes = {}
    for treated in ("18", "6,18"):
        assert main([*words(table, arm="dose", control="0", treated=treated), "--json"]) == 0
        answer = json.loads(capsys.readouterr().out)
        sizes[treated] = answer["treated"]
        left = 160 - answer["patients"]
        assert (f"{left} patients are excluded" in " ".join(answer["warnings"])) == (left > 0)
    assert sizes == {"18": int((frame["dose"] == 18).sum()), "6,18": int((frame["dose"] > 0).sum())}


def odd(table: Path, column: str, values: Any) -> Path:
    frame = pd.read_csv(table)
    frame[column] = values(frame)
    frame.to_csv(table, index=False)
    return table


@pytest.mark.parametrize(
    ("column", "values", "others", "sentence"),
    [
        ("arm", lambda f: ["Drug", *f["arm"][1:]], {}, "column 'arm' holds 3 values (Drug, drug, placebo)"),
        ("arm", lambda f: [None, *f["arm"][1:]], {}, "column 'arm' is empty for 1 patients"),
        ("arm", lambda f: f["arm"], {"control": "sham"}, "no patient of column 'arm' has the value 'sham'"),
        ("arm", lambda f: "placebo", {}, "holds 1 values (placebo)"),
        (
            "arm",
            lambda f: f["arm"],
            {"treated": "drug,dose"},
            "no patient of column 'arm' has the value 'dose'",
        ),
        ("arm", lambda f: f["arm"], {"treated": "placebo"}, "cannot be both control and treated"),
        ("died", lambda f: f["died"] * (f["arm"] == "drug"), {}, "the control arm has no events"),
        ("died", lambda f: [2, *f["died"][1:]], {}, "column 'died' holds '2'"),
        ("years", lambda f: [-1.0, *f["years"][1:]], {}, "column 'years' holds -1; times must be at least 0"),
        (
            "marker",
            lambda f: [None, *f["marker"][1:]],
            {},
            "column 'marker' holds 1 values that are not finite",
        ),
        ("marker", lambda f: f["marker"], {"score": "makrer"}, "did you mean 'marker'?"),
        ("marker", lambda f: f["marker"], {"cuts": "77"}, "cut 77 is outside the scores"),
        ("marker", lambda f: np.arange(160), {"cuts": "155"}, "leaves 4 patients inside"),
        ("marker", lambda f: f["marker"], {"cuts": "1;2"}, "write numbers separated by commas"),
        (
            "marker",
            lambda f: f["marker"],
            {"cuts": "0", "shares": "0.5"},
            "--cuts and --shares exclude each other",
        ),
        ("marker", lambda f: f["marker"], {"shares": "30"}, "shares of patients lie between 0 and 1"),
        ("marker", lambda f: f["marker"], {"signature": "0.4"}, "a signature needs covariates"),
        ("marker", lambda f: f["marker"], {"horizon": "99"}, "horizon 99 is not between 0 and"),
        ("marker", lambda f: f["marker"], {"measure": "odds"}, "unknown measure of effect 'odds'"),
        ("marker", lambda f: f["marker"], {"costs": "5"}, "--costs takes two numbers"),
        (
            "marker",
            lambda f: f["marker"],
            {"response": "responded", "time": "years"},
            "either a time and an event, or a response",
        ),
        ("marker", lambda f: f["marker"], {"draws": "3"}, "draws is 3; it must be at least 20"),
        ("marker", lambda f: f["marker"], {"table": "nowhere.csv"}, "nowhere.csv: no such table"),
    ],
)
def test_invalid_input_gives_one_clear_sentence(
    table: Path,
    capsys: pytest.CaptureFixture[str],
    column: str,
    values: Any,
    others: dict[str, str],
    sentence: str,
) -> None:
    assert main(words(odd(table, column, values), **others)) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


def test_a_run_and_a_table_exclude_each_other(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["enrich"]) == 2
    assert main(["enrich", "somewhere", f"--table={table}"]) == 2
    assert main(["enrich", f"--table={table}", "--score=marker"]) == 2
    assert "--arm is missing" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["enrich", "--help"])
    assert "example: stratomics enrich --table" in " ".join(capsys.readouterr().out.split())


def test_a_run_locks_its_rule(write_run: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run()
    assert main(["enrich", str(run), "--control=a", "--shares=0.3,0.5", *FEW, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    rule = load_subgroup(run / "subgroup.json")
    assert rule.exploratory
    assert len(rule.model) == 64
    assert rule.prevalence in (0.3, 0.5)
    assert read_json(run / "subgroup.json")["status"].startswith("exploratory")
    assert set(answer["groups"]) == {"age", "site", "arm", "views"}
    assert answer["groups"]["site"]["north"]["n"] == 60
    assert answer["groups"]["views"]["some missing"]["n"] == 50
    assert 0.3 < answer["surrogate_tree"]["agreement"] < 1
    assert "not learned from" in answer["estimand"]
    # Random scores predict nothing.
    assert not answer["line"]["credible"]
    assert answer["c_for_benefit"] == pytest.approx(0.5, abs=0.1)
    assert not any("repeats of the cross-fit" in warning for warning in answer["warnings"])
    before = (run / "subgroup.json").read_bytes()
    assert main(["enrich", str(run), "--control=a", "--shares=0.6", *FEW]) == 0
    assert "holds another rule, locked before" in " ".join(capsys.readouterr().out.split())
    assert (run / "subgroup.json").read_bytes() == before
    directory = RunDirectory(run)
    of_run = run_trial(directory, "a")
    score = run_score(directory, of_run.sample_ids)
    members = share_cuts(of_run.trial, score.value, score.fold, [0.3, 0.5]).members
    assert [row["n"] for row in answer["rows"][1:]] == members.sum(axis=2).mean(axis=1).tolist()


def test_a_run_on_the_screen(write_run: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["enrich", str(write_run()), "--control=a", *FEW]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for piece in (
        "what the effects estimate",
        "chosen by site: north",
        "no simple rule on covariates approximates the choice",
        "C-for-benefit",
    ):
        assert piece in shown


def test_a_run_of_one_arm_is_offered_prognostic_enrichment(
    write_run: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(arms=("a",))
    assert main(["enrich", str(run)]) == 0
    shown = capsys.readouterr().out
    assert "One arm only: prognostic enrichment is offered, predictive refused" in shown
    assert "screened" in shown
    assert not (run / "subgroup.json").exists()


def test_a_run_without_control_or_without_benefit_says_what_is_missing(
    write_run: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(benefit=False)
    assert main(["enrich", str(run)]) == 2
    assert "Add --control with one of a, b" in capsys.readouterr().err
    assert main(["enrich", str(run), "--control=a"]) == 2
    assert "predictions hold no 'benefit'" in capsys.readouterr().err
    assert main(["enrich", str(run), "--control=a", "--cuts=0.5"]) == 2
    assert "--cuts takes raw values of a score" in capsys.readouterr().err
    assert main(["enrich", str(run.parent / "nowhere"), "--control=a"]) == 2
    assert "no such file" in capsys.readouterr().err


def test_a_panel_belongs_to_a_run_of_two_arms(table: Path, response_run: Path, capsys: Any) -> None:
    assert main([*words(table), "--panel=true"]) == 2
    assert "--panel belongs to a RUN" in capsys.readouterr().err
    assert main(["enrich", str(response_run), "--panel=true"]) == 2
    assert "--panel needs patients of two arms" in capsys.readouterr().err
