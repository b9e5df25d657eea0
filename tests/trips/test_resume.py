"""A run that is stopped at any moment continues from its last finished fold, to the bytes of an undisturbed run."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from interrupted import contents, start
from made_once import made_once
from small import UNRECORDED, write

from stratomics.cli import main
from stratomics.runs.run_lock import BusyError, locked
from stratomics.runtime.logs import run_log

WORDS = ["run", "--cohort=small", *UNRECORDED, "--split.folds=2", "--trainer.epochs=3"]
WORDS += ["--baselines=[clinical_cox, boosted_trees]"]
"""Two folds and the final model of the small cohort."""


def the_run(folder: Path) -> Path:
    return next(path for path in (folder / "runs").iterdir() if re.search(r"-[0-9a-f]{10}$", path.name))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cohort `small`, and a run in `runs` that nothing disturbs; its seconds and its number of syncs."""

    def make(folder: Path) -> None:
        write(folder / "small")
        begin = time.monotonic()
        process = start(WORDS, folder, 0)
        process.join()
        (folder / "seconds.txt").write_text(str(time.monotonic() - begin))
        assert process.exitcode == 0, (folder / "stderr.txt").read_text()

    return made_once(tmp_path_factory, "undisturbed_run", make)


@pytest.fixture(scope="session")
def undisturbed(folder: Path) -> tuple[str, dict[str, bytes], float, Path]:
    """Name and bytes of a run that nothing disturbs, its seconds, and its folder."""
    run = the_run(folder)
    assert {path.name for path in (folder / "runs").iterdir()} == {run.name}
    return run.name, contents(run), float((folder / "seconds.txt").read_text()), folder


@pytest.fixture(scope="session")
def fitted(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `runs` of an attempt that failed when all of its fits were done; to be copied."""

    def make(place: Path) -> None:
        import stratomics.experiment.run_experiment

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "patients.parquet")

        (place / "small").symlink_to(folder / "small")
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(place)
            patch.setattr(stratomics.experiment.run_experiment, "save_run", full)
            assert main(WORDS) == 2

    return made_once(tmp_path_factory, "fitted_run", make) / "runs"


@pytest.fixture
def here(
    undisturbed: tuple[str, dict[str, bytes], float, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder for the same command: the configuration names the resolved path of the cohort."""
    (tmp_path / "small").symlink_to(undisturbed[3] / "small")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def finish(folder: Path, *words: str) -> dict[str, bytes]:
    process = start([*WORDS, *words], folder)
    process.join()
    assert process.exitcode == 0, (folder / "stderr.txt").read_text()
    run = the_run(folder)
    assert {path.name for path in run.parent.iterdir()} == {run.name}
    return contents(run)


def fits(folder: Path) -> int:
    """Number of fits that the progress of the last attempt shows."""
    lines = (folder / "stderr.txt").read_text().splitlines()
    return sum(bool(re.match(r"\d/3 (?!done before)", line)) for line in lines)


def test_every_file_but_the_log_is_in_the_manifest(
    undisturbed: tuple[str, dict[str, bytes], float, Path],
) -> None:
    _, files, _, _ = undisturbed
    declared = json.loads(files["manifest.json"])["files"]
    assert set(declared) == set(files) - {"manifest.json"}
    assert {"report.html", "metrics.json", "predictions.parquet", "model/network.safetensors"} <= set(
        declared
    )


@pytest.mark.slow
@pytest.mark.parametrize("at", [1, 20, 45, 70, -2])
def test_killed_while_it_writes_it_ends_with_the_same_bytes(
    undisturbed: tuple[str, dict[str, bytes], float, Path], here: Path, at: int
) -> None:
    name, bytes_, _, folder = undisturbed
    at = at if at > 0 else int((folder / "syncs.txt").read_text()) + at
    process = start(WORDS, here, at)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not (here / "runs" / name).exists()
    assert finish(here) == bytes_


@pytest.mark.slow
@pytest.mark.parametrize("words", [[], ["--again"]], ids=["the same", "again"])
def test_killed_after_its_last_sync_it_leaves_nothing_behind(
    undisturbed: tuple[str, dict[str, bytes], float, Path], here: Path, words: list[str]
) -> None:
    """The last sync is of the folder that the run was just renamed in."""
    name, bytes_, _, folder = undisturbed
    process = start(WORDS, here, int((folder / "syncs.txt").read_text()))
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert contents(here / "runs" / name) == bytes_
    assert (here / "runs" / f"{name}.part").is_dir()
    assert (here / "runs" / f"{name}.lock").is_file()
    (here / "stderr.txt").unlink()
    assert finish(here, *words) == bytes_
    # The remains of a finished run are not continued.
    assert fits(here) == (3 if words else 0)


@pytest.mark.slow
def test_it_goes_on_from_the_last_finished_fold(
    undisturbed: tuple[str, dict[str, bytes], float, Path], here: Path
) -> None:
    name, bytes_, seconds, _ = undisturbed
    place = here / "runs" / f"{name}.part" / "folds"
    process = start(WORDS, here)
    deadline = time.monotonic() + 20 * seconds
    while not (place / "fold-0").is_dir() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.join()
    (here / "stderr.txt").unlink()
    kept = {path.name for path in place.iterdir() if not path.name.startswith(".")}
    assert {"final", "fold-0"} <= kept
    assert finish(here) == bytes_
    assert fits(here) == 3 - len(kept)
    log = (here / "runs" / name / "run.log").read_text()
    assert f"{len(kept)} of 3 fits are done, by an attempt that was stopped" in log


DAMAGE = ["cut", "removed", "added", "no manifest", "half a manifest"]


@pytest.mark.parametrize(
    "damage", ["changed", *(pytest.param(name, marks=pytest.mark.slow) for name in DAMAGE)]
)
def test_a_fold_is_used_only_if_its_digests_are_right(
    undisturbed: tuple[str, dict[str, bytes], float, Path],
    fitted: Path,
    here: Path,
    capsys: pytest.CaptureFixture[str],
    damage: str,
) -> None:
    name, bytes_, _, _ = undisturbed
    shutil.copytree(fitted, here / "runs")
    capsys.readouterr()
    folds = here / "runs" / f"{name}.part" / "folds"
    # A member and a table, in two of the three fits.
    for file in ("final/network.safetensors", "fold-0/stratomics/predictions.parquet"):
        _damage(folds / file, folds / Path(file).parts[0] / "manifest.json", damage)
    assert main(WORDS) == 0
    assert "1/3 done before" in capsys.readouterr().err
    assert contents(the_run(here)) == bytes_


def _damage(path: Path, manifest: Path, damage: str) -> None:
    content = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(content[:-1])
    elif damage == "changed":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif damage == "removed":
        path.unlink()
    elif damage == "added":
        path.with_name("more").write_text("")
    elif damage == "no manifest":
        manifest.unlink()
    else:
        manifest.write_bytes(manifest.read_bytes()[:-20])


@pytest.mark.slow
def test_a_full_disk_at_any_write_is_one_line_and_nothing_half_written_is_believed(
    undisturbed: tuple[str, dict[str, bytes], float, Path],
    here: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, bytes_, _, _ = undisturbed
    sync = os.fsync
    attempts = 0
    for at in (3, 11, 40, 25):
        calls: list[int] = []

        def full(handle: int, at: int = at, calls: list[int] = calls) -> None:
            calls.append(handle)
            if len(calls) >= at:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            sync(handle)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            code = main(WORDS)
        lines = [line for line in capsys.readouterr().err.splitlines() if not re.match(r"\d/3 ", line)]
        if code == 0:
            break
        attempts += 1
        assert code == 2
        errors = [line for line in lines if line.startswith("stratomics: ")]
        assert len(errors) == 1
        assert "No space left on device" in errors[0]
        assert not any("Traceback" in line for line in lines)
        assert not (here / "runs" / name).exists()
    assert attempts >= 3
    assert main(WORDS) == 0
    assert contents(the_run(here)) == bytes_


def test_a_full_disk_under_the_log_is_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    import logging

    with pytest.raises(OSError, match="No space left"), run_log(Path("/dev/full")):
        logging.getLogger("stratomics.experiment.run_experiment").warning("anything")
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.slow
def test_a_second_run_of_the_same_hash_names_the_process(
    undisturbed: tuple[str, dict[str, bytes], float, Path], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, bytes_, _, _ = undisturbed
    lock = here / "runs" / f"{name}.lock"
    process = start(WORDS, here)
    while not (lock.is_file() and lock.read_text()):
        time.sleep(0.01)
    os.kill(int(process.pid or 0), signal.SIGSTOP)
    assert main(WORDS) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert f"held by process {process.pid} on " in lines[0]
    # Another seed is another run, which may run at the same time.
    assert main([*WORDS, "--seed=2"]) == 0
    os.kill(int(process.pid or 0), signal.SIGCONT)
    process.join()
    assert process.exitcode == 0
    assert contents(here / "runs" / name) == bytes_


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "a-0123456789"
    run.parent.mkdir()
    lock = tmp_path / "runs" / "a-0123456789.lock"
    lock.write_text('{"pid": 99999999, "host": "elsewhere"}')
    with locked(run):
        assert json.loads(lock.read_text())["pid"] == os.getpid()
        with pytest.raises(BusyError, match=f"process {os.getpid()} on "), locked(run):
            pass
    assert not lock.exists()
    with locked(run):
        pass


def test_a_lock_that_its_holder_removes_meanwhile_is_not_held_by_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file was opened while it was held, and locked after its holder had removed it: it is no valid lock."""
    import fcntl

    run = tmp_path / "a-0123456789"
    first = locked(run)
    first.__enter__()
    flock: Callable[[int, int], None] = fcntl.flock
    released = []

    def late(handle: int, how: int) -> None:
        if not released:
            released.append(first.__exit__(None, None, None))
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with locked(run), pytest.raises(BusyError), locked(run):
        pass
    assert released


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="asks the system for processes as Linux answers")
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    write(tmp_path / "small")
    process = start([*WORDS, "--workers=2", "--split.repeats=50"], tmp_path)
    stderr = tmp_path / "stderr.txt"
    while not (stderr.is_file() and "1/101" in stderr.read_text()):
        time.sleep(0.1)
        assert process.is_alive()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) >= 2
    process.kill()
    deadline = time.monotonic() + 60
    while any(_runs(pid) for pid in children):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _runs(pid: str) -> bool:
    try:
        # The state follows the name in brackets; Z is a process that has ended and was not waited for.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_again_repeats_a_finished_run_in_its_place(
    undisturbed: tuple[str, dict[str, bytes], float, Path], here: Path
) -> None:
    name, bytes_, _, _ = undisturbed
    assert finish(here) == bytes_
    damaged = here / "runs" / name / "metrics.json"
    damaged.write_text("{}")
    process = start([*WORDS, "--again"], here, 30)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert damaged.read_text() == "{}"
    process = start([*WORDS, "--again"], here)
    process.join()
    assert process.exitcode == 0
    assert contents(the_run(here)) == bytes_


@pytest.mark.parametrize(
    "moments", [pytest.param(10, marks=pytest.mark.slow), pytest.param(50, marks=pytest.mark.simulation)]
)
def test_killed_at_random_moments_it_ends_with_the_same_bytes(
    undisturbed: tuple[str, dict[str, bytes], float, Path], here: Path, moments: int
) -> None:
    name, bytes_, seconds, _ = undisturbed
    rng = np.random.default_rng(20261124)
    kills = finished = 0
    # Ten moments in the shorter attempts reach every phase too: each attempt continues from the fits of those before.
    longest = seconds if moments > 10 else 0.4 * seconds
    reach = longest
    while kills < moments:
        process = start(WORDS, here)
        process.join(float(rng.uniform(0, reach)))
        process.kill()
        process.join()
        killed = process.exitcode == -signal.SIGKILL
        kills += killed
        assert killed or process.exitcode == 0, (here / "stderr.txt").read_text()
        run = here / "runs" / name
        if run.exists():
            # A folder with the name of a run is complete, also after a kill.
            assert contents(run) == bytes_
            run.rename(here / f"finished{finished}")
            finished += 1
            reach = longest
        else:
            # Finished fits are kept; later moments are reached also if the machine has become slower.
            reach *= 1.05
    assert finish(here) == bytes_
    assert finished or moments == 10
