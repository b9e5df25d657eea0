"""Options and help that all commands share: examples, plain texts, --quiet, --json, completion; and `init`."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from plain_words import faults
from small import write

from omics.cohort.read import read_cohort
from stratomics.cli import COMMANDS, main
from stratomics.cli.screen.output import HELP, OutputMode, emit, read_output_mode

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_that_its_parser_takes(name: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert any(line.strip().startswith(f"stratomics {name} ") for line in shown.splitlines())
    assert HELP in shown


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in COMMANDS)], ids=" ".join)
def test_help_is_plain_english(arguments: list[str], capsys: Capture) -> None:
    with contextlib.suppress(SystemExit):
        main(arguments)
    # Lines are joined, so that a phrase broken over two lines is found.
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith("usage: stratomics")
    assert "lambda" not in shown
    found = faults([(1, shown)])
    assert not found, "\n".join(found)


def test_quiet_and_json_may_stand_anywhere() -> None:
    for words in (["--json", "check", "x"], ["check", "--json", "x"], ["check", "x", "--json"]):
        assert read_output_mode(words) == (OutputMode(json=True), ["check", "x"])
    assert read_output_mode(["run", "--quiet"]) == (OutputMode(quiet=True), ["run"])


def test_a_result_without_json_is_shown(capsys: Capture) -> None:
    shown: list[str] = []
    emit({"a": 1}, lambda: shown.append("once"))
    assert shown == ["once"]
    assert capsys.readouterr().out == ""


def test_json_is_the_only_thing_on_stdout(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "simulated"
    assert main(["simulate", str(folder), "--patients=60", "--features={rna: 20}", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["patients"] == 60
    assert main(["check", str(folder), "--json"]) == 0
    assert {"code", "severity", "place", "sentence"} <= set(json.loads(capsys.readouterr().out)[0])


def test_quiet_prints_only_results_and_errors(tmp_path: Path, capsys: Capture) -> None:
    assert main(["check", "bundled:tcga_acc", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert "time_zero" in captured.out
    assert captured.err == ""
    assert main(["check", str(tmp_path), "--quiet"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = write(tmp_path / "small")
    (made / "cohort.yaml").unlink()
    return made


def test_init_writes_a_readable_cohort(folder: Path, capsys: Capture) -> None:
    assert main(["init", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == str(folder / "cohort.yaml")
    assert f"stratomics check {folder}" in lines[-2]
    assert read_cohort(folder).n_obs == 40


def test_init_never_overwrites(folder: Path, capsys: Capture) -> None:
    (folder / "cohort.yaml").write_text("name: mine\n")
    assert main(["init", str(folder)]) == 2
    assert "move it away" in capsys.readouterr().err
    assert (folder / "cohort.yaml").read_text() == "name: mine\n"


def test_init_with_json_prints_what_it_wrote(folder: Path, capsys: Capture) -> None:
    assert main(["init", str(folder), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    written = yaml.safe_load((folder / "cohort.yaml").read_text())
    assert result["cohort"] == written
    assert "covariates" in result["check"]


def test_init_writes_nothing_if_it_cannot_guess(folder: Path, capsys: Capture) -> None:
    for view in ("rna.csv", "protein.csv"):
        (folder / view).unlink()
    assert main(["init", str(folder)]) == 2
    assert "outcome.csv is the only table" in capsys.readouterr().err
    assert not (folder / "cohort.yaml").exists()


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_commands_and_options(tmp_path: Path, capsys: Capture) -> None:
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "completion.bash"
    script.write_text(capsys.readouterr().out)

    def completed(*words: str) -> set[str]:
        line = " ".join(words)
        query = f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _shtab_stratomics; echo ${{COMPREPLY[@]}}"
        done = subprocess.run(
            ["bash", "-c", f"source {script}; {query}"], capture_output=True, text=True, check=True
        )
        return set(done.stdout.split())

    assert completed("stratomics", "ch") == {"check"}
    assert {"--split.folds", "--split.repeats"} <= completed("stratomics", "run", "--split.")
    assert completed("stratomics", "completion", "z") == {"zsh"}
    assert completed("stratomics", "check", "--q") == {"--quiet"}


def test_zsh_has_a_completion_script(capsys: Capture) -> None:
    assert main(["completion", "zsh"]) == 0
    assert capsys.readouterr().out.startswith("#compdef stratomics")
    assert main(["completion", "fish"]) == 2
