"""`stratomics verify` finds all differences from what the run recorded, and no other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from omics.common.files import read_parquet, write_parquet
from stratomics.cli import main
from stratomics.runtime.versions import code_digest


@pytest.fixture
def run(small_run: Path, tmp_path: Path) -> Path:
    """A copy of a run and of its cohort."""
    shutil.copytree(small_run.parent / "small", tmp_path / "small")
    return Path(shutil.copytree(small_run, tmp_path / small_run.name))


def findings(run: Path, capsys: pytest.CaptureFixture[str]) -> set[tuple[str, str]]:
    capsys.readouterr()
    code = main(["verify", str(run), "--json"])
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert code == (2 if found else 0)
    assert len(captured.err.splitlines()) == (1 if found else 0)
    assert all(one["sentence"] for one in found)
    return {(one["code"], one["place"]) for one in found}


def test_an_unchanged_run_has_no_difference_and_its_log_does_not_count(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert findings(run, capsys) == set()
    (run / "run.log").write_text("more")
    assert main(["verify", str(run)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"{run}: inputs, configuration, tables and model are unchanged since the end of the run"
    assert len(out[1].rpartition(" ")[2]) == 64


def test_all_files_are_compared(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [path for path in sorted(run.rglob("*")) if path.is_file()]
    names = {path.relative_to(run).as_posix() for path in files} - {"run.log", "manifest.json"}
    assert {"model/network.json", "survival.parquet", "config.yaml"} <= names
    for path in files:
        path.write_bytes(path.read_bytes() + b"\n")
    found = findings(run, capsys)
    assert {place for code, place in found if code == "file_changed"} == names


def test_a_changed_number_in_a_table_is_found(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = read_parquet(run / "predictions.parquet")
    write_parquet(run / "predictions.parquet", table)
    assert findings(run, capsys) == set()
    table.loc[0, "risk"] += 1e-12
    write_parquet(run / "predictions.parquet", table)
    assert findings(run, capsys) == {("file_changed", "predictions.parquet")}


def test_files_that_are_gone_or_new(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "model" / "network.safetensors").unlink()
    (run / "more.csv").write_text("")
    assert findings(run, capsys) == {
        ("file_missing", "model/network.safetensors"),
        ("file_added", "more.csv"),
    }


def test_another_configuration_differs_from_another_way_to_write_it(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = run / "config.yaml"
    keys = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump(keys, sort_keys=True))
    assert findings(run, capsys) == {("file_changed", "config.yaml")}
    keys["seed"] += 1
    path.write_text(yaml.safe_dump(keys))
    assert findings(run, capsys) == {("file_changed", "config.yaml"), ("other_configuration", "config.yaml")}


@pytest.mark.parametrize("content", [b"\xff", b"a: [", b"1"])
def test_an_unreadable_configuration_does_not_hide_other_differences(
    run: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (run / "config.yaml").write_bytes(content)
    (run / "metrics.json").unlink()
    codes = {code for code, _ in findings(run, capsys)}
    assert codes == {"file_changed", "file_missing", "unreadable"}


def test_inputs_that_changed_moved_or_went(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = yaml.safe_load((run / "config.yaml").read_text())
    there = run.parent / "small"
    keys["cohort"] = str(there)
    (run / "config.yaml").write_text(yaml.safe_dump(keys))

    def inputs() -> set[tuple[str, str]]:
        return {(code, place) for code, place in findings(run, capsys) if place != "config.yaml"}

    assert inputs() == set()
    table = there / "rna.csv"
    content = table.read_bytes()
    table.write_bytes(content.replace(b"p001", b"p001 ", 1))
    assert inputs() == {("input_changed", f"{there}: rna.csv")}
    table.unlink()
    assert inputs() == {("input_missing", str(table))}
    shutil.rmtree(there)
    assert {code for code, _ in inputs()} == {"inputs_not_found"}


@pytest.mark.parametrize("content", [None, "{}", '{"schema_version": 1}', "[]"])
def test_without_a_manifest_there_is_nothing_to_compare(
    run: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    path = run / "manifest.json"
    path.unlink() if content is None else path.write_text(content)
    assert main(["verify", str(run)]) == 2
    err = capsys.readouterr().err.splitlines()
    assert len(err) == 1
    assert "manifest.json" in err[0]


@pytest.mark.slow
def test_what_later_commands_write_is_no_difference(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "subgroup.json").write_text("{}")
    (run / "report.html").write_text("of another release")
    assert findings(run, capsys) == {("file_changed", "report.html")}
    before = (run / "manifest.json").read_bytes()
    assert main(["report", str(run)]) == 0
    assert findings(run, capsys) == set()
    # The same version writes the same page.
    assert (run / "manifest.json").read_bytes() == before


def test_other_code_is_a_warning(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stratomics.runs.verify.code_digest", lambda _: "0" * 64)
    assert main(["verify", str(run)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("stratomics: the installed code of stratomics is not the code of this run;")
    assert "are unchanged since the end of the run" in lines[1]
    assert main(["verify", str(run), "--json"]) == 0
    [finding] = json.loads(capsys.readouterr().out)
    assert (finding["code"], finding["severity"]) == ("code_changed", "warning")


def test_the_code_of_a_run_is_part_of_its_hash(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = run / "provenance.json"
    content = json.loads(path.read_text())
    assert content["code"] == {"stratomics": code_digest("stratomics")}
    content["code"]["stratomics"] = "0" * 64
    path.write_text(json.dumps(content))
    codes = {code for code, _ in findings(run, capsys)}
    assert codes == {"file_changed", "other_configuration", "code_changed"}


def test_wrong_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify"]) == 2
    assert "usage: stratomics verify RUN" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["verify", "--help"])
    assert "example: stratomics verify" in " ".join(capsys.readouterr().out.split())
