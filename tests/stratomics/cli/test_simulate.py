"""``stratomics simulate``: the folder can be read again, and is written completely or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from omics.checks.check_cohort import check_cohort
from omics.checks.finding import ERROR
from omics.cohort.read import cohort_digest, observed_views, read_cohort
from omics.simulate.simulate_cohort import SimulationConfig, read_truth, simulate
from stratomics.cli import main

SMALL = ["--patients=40", "--features={rna: 20, protein: 10}"]


def call(folder: Path, *words: str) -> int:
    return main(["simulate", str(folder), *SMALL, *words])


def test_the_folder_has_the_cohort_of_the_function(tmp_path: Path, capsys: Any) -> None:
    folder = tmp_path / "new" / "cohort"
    assert call(folder, "--seed=3", "--missing_views=0.4") == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(folder)
    config = SimulationConfig(patients=40, features={"rna": 20, "protein": 10}, seed=3, missing_views=0.4)
    expected = simulate(config)
    cohort = read_cohort(folder)
    assert cohort_digest(cohort) == cohort_digest(expected.cohort)
    assert observed_views(cohort).equals(observed_views(expected.cohort))
    assert read_truth(folder).sample_id == expected.truth.sample_id
    assert not [finding for finding in check_cohort(folder) if finding.severity == ERROR]


def test_the_seed_determines_the_files(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert call(tmp_path / name, f"--seed={seed}") == 0
    a, b, c = ({f.name: f.read_bytes() for f in (tmp_path / name).rglob("*.*")} for name in "abc")
    assert a == b
    assert a.keys() == c.keys()
    assert a["outcome.csv"] != c["outcome.csv"]


def test_an_empty_folder_is_used_and_another_one_is_refused(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "empty").mkdir()
    assert call(tmp_path / "empty") == 0
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("years of work")
    for place in (tmp_path / "full", tmp_path / "full" / "thesis.txt"):
        assert call(place) == 2
        assert "not empty" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.txt"]


def test_a_failure_leaves_no_incomplete_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("omics.simulate.simulate_cohort.write_truth", fails)
    assert call(tmp_path / "cohort") == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "usage: stratomics simulate DIR"),
        (["DIR", "--patiens=50"], "did you mean 'patients'?"),
        (["DIR", "--patients=many"], "patients"),
        (["DIR", "--patients=3"], "it must be at least 20"),
        (["DIR", "--features={rnaa: 5}"], "did you mean 'rna'?"),
    ],
)
def test_wrong_arguments_are_refused(
    words: Sequence[str], sentence: str, capsys: Any, tmp_path: Path
) -> None:
    arguments = [str(tmp_path / "cohort") if word == "DIR" else word for word in words]
    assert main(["simulate", *arguments]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert not (tmp_path / "cohort").exists()


def test_help_has_an_example_and_every_setting(capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "stratomics simulate my_cohort --patients 200" in " ".join(shown.split())
    for name in SimulationConfig.__dataclass_fields__:
        assert f"--{name}" in shown
