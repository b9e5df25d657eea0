"""``stratomics biology``: what it prints and writes, how the report shows it, and what it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from omics.common.files import read_parquet
from stratomics.cli import main

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def run(small_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_run, tmp_path / "run"))


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    path = tmp_path / "sets.gmt"
    lines = [f"one\t{EVIL}\t" + "\t".join(f"rna{n}" for n in range(8)), "two\tSecond\trna8\trna9"]
    path.write_text("\n".join(lines))
    return path


@pytest.mark.slow
def test_tables_and_report_are_written(run: Path, sets: Path, capsys: Any) -> None:
    before = (run / "report.html").read_text()
    assert main(["biology", str(run), f"--sets={sets}", "--groups=stage", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    tests = read_parquet(run / "biology" / "tests.parquet")
    assert result["tests"] == len(tests) > 3
    assert result["report"] == str(run / "report.html")
    page = (run / "report.html").read_text()
    assert 'id="biology"' in page
    assert 'id="biology"' not in before
    assert EVIL not in page
    assert main(["verify", str(run)]) == 0
    capsys.readouterr()
    assert main(["biology", str(run), f"--sets={sets}"]) == 0
    text = capsys.readouterr().out
    assert "tests have a false discovery rate q below 0.05" in text
    assert len(read_parquet(run / "biology" / "tests.parquet")) < len(tests)


def test_wrong_input_is_one_sentence_and_changes_nothing(run: Path, tmp_path: Path, capsys: Any) -> None:
    before = (run / "report.html").read_bytes()
    empty = tmp_path / "empty.gmt"
    empty.touch()
    for words, message in (
        ([str(run), f"--sets={empty}"], "the file has no set"),
        ([str(run)], "no set can be tested"),
        ([str(tmp_path)], "not a finished run directory"),
        ([str(run), "--groups=grade"], "no column 'grade'"),
    ):
        assert main(["biology", *words]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    assert (run / "report.html").read_bytes() == before
    assert not (run / "biology").exists()
