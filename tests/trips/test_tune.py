"""`stratomics tune` as a whole: wrong arguments, several workers, kills, databases."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import optuna
import pytest
from interrupted import contents, start
from made_once import made_once
from small import QUICK, SMALLEST, write

from stratomics.cli import main

BAD = [
    (["--trials=0"], "--trials is 0; it must be at least 1"),
    (["--trials=many"], "trials"),
    (["--search=nowhere.yaml"], "nowhere.yaml: no such file"),
    (["--objective=isb"], "unknown --objective 'isb'; did you mean 'ibs'?"),
    (["--objective=ibs,log_loss"], "--objective 'log_loss' is not for a survival"),
    (["--objective=d_calibration"], "--objective 'd_calibration' cannot compare methods"),
    (["--storage=nothing://there"], "--storage:"),
    (["--storage=sqlite:////nowhere/at/all.db"], "--storage:"),
    (["--storage=trials.db"], "--storage:"),
    (["--factors.cuont=3"], "did you mean 'factors.count'"),
    (["--split.inner_folds=30"], "lower split.folds or split.inner_folds"),
]


@pytest.mark.parametrize(("words", "sentence"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_wrong_arguments_are_errors_and_leave_no_files(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cohort, runs = write(tmp_path / "small"), tmp_path / "runs"
    assert main(["tune", "--cohort", str(cohort), *QUICK, "--runs", str(runs), *words]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert sentence in last
    assert not runs.exists() or list(runs.iterdir()) == []


def test_a_password_is_not_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cohort = write(tmp_path / "small")
    words = ["--storage=postgresql://me:open-sesame@127.0.0.1:9/none", "--runs", str(tmp_path / "runs")]
    assert main(["tune", "--cohort", str(cohort), *QUICK, *words]) == 2
    output = capsys.readouterr()
    assert "--storage" in output.err
    assert "open-sesame" not in output.err + output.out


REAL = ["tune", "--cohort=small", *SMALLEST, "--trials=2", "--search=space.yaml"]


def real(folder: Path, *words: str, die_at: int | None = None) -> int | None:
    """Exit code of the command in a separate process."""
    process = start([*REAL, *words], folder, die_at)
    process.join()
    return process.exitcode


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real tuning by one worker, in the folder where it ran, and its seconds."""

    def make(folder: Path) -> None:
        write(folder / "small")
        (folder / "space.yaml").write_text(
            "head.hidden: {choices: [0, 4]}\nfactors.count: {low: 1, high: 4}\n"
        )
        begin = time.monotonic()
        assert real(folder) == 0, (folder / "stderr.txt").read_text()
        (folder / "seconds.txt").write_text(str(time.monotonic() - begin))

    return made_once(tmp_path_factory, "undisturbed_tuning", make)


def the_tuning(folder: Path) -> Path:
    (found,) = (folder / "runs").iterdir()
    return found


@pytest.fixture
def here(undisturbed: Path, tmp_path: Path) -> Path:
    (tmp_path / "small").symlink_to(undisturbed / "small")
    (tmp_path / "space.yaml").symlink_to(undisturbed / "space.yaml")
    return tmp_path


def results(folder: Path) -> dict[str, bytes]:
    """All bytes but the number of workers in config.yaml."""
    files = contents(the_tuning(folder))
    return {name: re.sub(rb"workers: \d", b"", content) for name, content in files.items()}


@pytest.mark.slow
@pytest.mark.parametrize("storage", [[], ["--storage=sqlite:///trials.db"]], ids=["journal", "sqlite"])
def test_two_workers_end_with_the_same_bytes(undisturbed: Path, here: Path, storage: list[str]) -> None:
    assert real(here, "--workers=2", *storage) == 0, (here / "stderr.txt").read_text()
    assert the_tuning(here).name == the_tuning(undisturbed).name
    assert results(here) == results(undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("at", [3, 40])
def test_killed_while_it_writes_it_ends_with_the_same_bytes(undisturbed: Path, here: Path, at: int) -> None:
    assert real(here, die_at=at) == -signal.SIGKILL
    assert the_parts(here)
    assert real(here) == 0, (here / "stderr.txt").read_text()
    assert results(here) == results(undisturbed)


def the_parts(folder: Path) -> list[str]:
    return [path.name for path in (folder / "runs").iterdir() if path.name.endswith(".part")]


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[str]:
    """URL of a PostgreSQL server that ends with the test; the server refuses to run as root."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        pytest.skip("needs Debian's package postgresql")
    user = "postgres" if os.geteuid() == 0 else None
    # The path of a socket has at most 107 characters.
    with tempfile.TemporaryDirectory() as place:
        if user:
            shutil.chown(place, user)
        words = ["-D", f"{place}/data"]

        def call(program: str, *more: str) -> None:
            command = [str(found[-1] / program), *words, *more]
            subprocess.run(command, user=user, cwd=place, check=True, stdout=subprocess.DEVNULL)

        call("initdb", "--auth=trust", "--username=tester", "--no-sync")
        call("pg_ctl", "-w", "-l", f"{place}/log", "-o", f"-c listen_addresses= -k {place}", "start")
        try:
            yield f"postgresql://tester@/postgres?host={place}"
        finally:
            call("pg_ctl", "-w", "-m", "immediate", "stop")


@pytest.mark.service
def test_two_workers_with_postgresql_end_with_the_same_bytes_after_a_kill(
    undisturbed: Path, here: Path, postgres: str
) -> None:
    words = ["--workers=2", f"--storage={postgres}"]
    assert real(here, *words, die_at=4) == -signal.SIGKILL, (here / "stderr.txt").read_text()
    assert real(here, *words) == 0, (here / "stderr.txt").read_text()
    assert results(here) == results(undisturbed)
    assert len(optuna.get_all_study_names(postgres.replace("postgresql", "postgresql+psycopg2"))) == 3


@pytest.mark.slow
def test_killed_at_ten_random_moments_by_two_workers_it_ends_with_the_same_bytes(
    undisturbed: Path, here: Path
) -> None:
    rng, seconds = np.random.default_rng(20261124), float((undisturbed / "seconds.txt").read_text())
    for _ in range(10):
        process = start([*REAL, "--workers=2"], here)
        # Each attempt continues from the trials of those before, so that ten short ones reach every phase.
        process.join(float(rng.uniform(0.05, 0.35)) * seconds)
        process.kill()
        process.join()
    assert real(here, "--workers=2") == 0, (here / "stderr.txt").read_text()
    assert results(here) == results(undisturbed)


@pytest.mark.slow
def test_untuned_is_the_result_of_run(undisturbed: Path, small_run: Path) -> None:
    """With the same patients, folds and seeds, its predictions have the bytes of `stratomics run`."""
    untuned = the_tuning(undisturbed) / "baselines" / "untuned"
    for name in ("predictions.parquet", "survival.parquet"):
        assert (untuned / name).read_bytes() == (small_run / name).read_bytes()


def test_if_no_trial_can_be_fitted_the_command_prints_the_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cohort = write(tmp_path / "small")
    search = tmp_path / "search.yaml"
    search.write_text("head.penalties.factor: {low: 1, high: 3}")
    words = ["tune", "--cohort", str(cohort), *QUICK, "--search", str(search), "--trials=2"]
    assert main([*words, "--runs", str(tmp_path / "runs")]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert (
        "none of 2 trials could be fitted; error of the first: unknown block of head.penalties 'factor'"
        in error
    )
    assert list((tmp_path / "runs").iterdir()) == []
