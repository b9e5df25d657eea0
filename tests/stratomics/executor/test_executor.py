"""A real Dask scheduler with two workers: the same bytes as on one machine, and an error message for each failure."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import remote_tasks
from interrupted import contents
from servers import Cluster, dask_cluster, wait_for
from small import SMALLEST, UNRECORDED, write

from omics.common.errors import ConfigError, DataError, StratomicsError
from stratomics.cli import main
from stratomics.config import ExperimentConfig
from stratomics.executor import EXECUTORS
from stratomics.executor.config import ExecutorConfig
from stratomics.executor.executor import open_executor


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with dask_cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


def run(config: ExecutorConfig, function: Any, tasks: list[int], prepare: Any) -> dict[int, Any]:
    with open_executor(config, workers=2) as run_tasks:
        return dict(run_tasks(function, tasks, prepare))


def on(cluster: Cluster) -> ExecutorConfig:
    return ExecutorConfig("dask", cluster.address)


@pytest.fixture(params=["local", pytest.param("dask", marks=pytest.mark.service)])
def executor(request: pytest.FixtureRequest) -> ExecutorConfig:
    if request.param == "local":
        return ExecutorConfig()
    return on(request.getfixturevalue("cluster"))


def test_all_executors_are_tested_here() -> None:
    assert set(EXECUTORS) == {"local", "dask"}


def test_each_process_prepares_once(executor: ExecutorConfig, tmp_path: Path) -> None:
    results = run(executor, remote_tasks.square, list(range(8)), remote_tasks.Prepare(tmp_path))
    assert {task: result for task, (result, _) in results.items()} == {n: n**2 for n in range(8)}
    worked = {process for _, process in results.values()}
    prepared = (tmp_path / "prepared.txt").read_text().split()
    assert len(worked) == 2
    assert sorted(prepared) == sorted(map(str, worked))


def test_without_tasks_no_process_prepares(executor: ExecutorConfig, tmp_path: Path) -> None:
    assert run(executor, remote_tasks.square, [], remote_tasks.Prepare(tmp_path)) == {}
    assert not (tmp_path / "prepared.txt").exists()


def test_the_error_of_a_task_is_raised(executor: ExecutorConfig, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="this fold has no feature"):
        run(executor, remote_tasks.refuse, [1, 2], remote_tasks.Prepare(tmp_path))


def test_a_task_that_kills_its_workers_is_a_stratomics_error(
    executor: ExecutorConfig, tmp_path: Path
) -> None:
    with pytest.raises(StratomicsError, match=r"died.* for lack of memory"):
        run(executor, remote_tasks.die, [1, 2], remote_tasks.Prepare(tmp_path))


@pytest.mark.service
def test_a_run_ends_with_the_bytes_of_a_local_one(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "small")
    words = ["run", "--cohort=small", *SMALLEST]
    runs = []
    for name, more in (
        ("here", []),
        ("there", ["--executor.kind=dask", f"--executor.address={cluster.address}"]),
    ):
        assert main([*words, "--runs", name, *more]) == 0
        runs.append(Path(capsys.readouterr().out.splitlines()[-1]))
    here, there = runs
    assert here.name == there.name
    one, two = contents(here), contents(there)
    # config.yaml names the executor, and manifest.json has the digest of config.yaml.
    for name in ("config.yaml", "manifest.json"):
        assert one.pop(name) != two.pop(name)
    assert one == two
    # The cluster did run the tasks.
    assert cluster.address in (there / "config.yaml").read_text()
    assert main(["verify", str(there)]) == 0


@pytest.mark.service
def test_the_work_of_a_dead_worker_is_done_by_another(cluster: Cluster, tmp_path: Path) -> None:
    found = run(on(cluster), remote_tasks.die_once, [1, 2, 3], remote_tasks.Prepare(tmp_path))
    assert found == {1: 1, 2: 2, 3: 3}
    assert (tmp_path / "died").exists()


@pytest.mark.service
def test_a_worker_that_cannot_read_the_cohort_is_named(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(StratomicsError, match=r"the worker on .* same path on all machines") as caught:
        run(on(cluster), remote_tasks.square, [1], remote_tasks.Unprepared(tmp_path))
    # Not an InputError, after which a run would remove its finished tasks.
    assert type(caught.value) is StratomicsError


@pytest.mark.service
def test_other_releases_on_a_worker_are_refused(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stratomics.executor.dask.package_versions", lambda: {"numpy": "1.0"})
    with pytest.raises(StratomicsError, match=r"has .* and the run .*; install the same"):
        run(on(cluster), remote_tasks.square, [1], remote_tasks.Prepare(tmp_path))


@pytest.mark.service
def test_after_ctrl_c_no_task_remains(cluster: Cluster, tmp_path: Path) -> None:
    started = tmp_path / "started.txt"
    with open_executor(on(cluster), None) as run_tasks:
        results = run_tasks(remote_tasks.slow, list(range(20)), remote_tasks.Prepare(tmp_path))
        next(results)
        with pytest.raises(KeyboardInterrupt):
            results.throw(KeyboardInterrupt)  # type: ignore[attr-defined]  # what Ctrl-C does to a generator
    time.sleep(1.5)
    known = len(started.read_text().split())
    assert known < 8
    time.sleep(1.5)
    assert len(started.read_text().split()) == known


@pytest.mark.service
def test_a_cluster_that_loses_its_workers_and_its_scheduler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stratomics.executor.dask.POLL_INTERVAL", 0.3)
    monkeypatch.setattr("stratomics.executor.dask.NO_WORKER_TIMEOUT", 1.0)
    with dask_cluster(tmp_path, workers=1) as cluster, open_executor(on(cluster), None) as run_tasks:
        results = run_tasks(remote_tasks.slow, list(range(20)), remote_tasks.Prepare(tmp_path))
        next(results)
        cluster.stop("worker0")
        with pytest.raises(StratomicsError, match="lost its last worker; start workers"):
            list(results)
        cluster.start_worker("worker1")
        results = run_tasks(remote_tasks.slow, list(range(20)), remote_tasks.Prepare(tmp_path))
        next(results)
        cluster.stop("scheduler")
        begin = time.monotonic()
        with pytest.raises(StratomicsError, match="the Dask scheduler does not answer any more"):
            list(results)
        assert time.monotonic() - begin < 20


@pytest.mark.service
def test_a_run_waits_for_its_first_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("stratomics.executor.dask.POLL_INTERVAL", 0.2)
    monkeypatch.setattr("stratomics.executor.dask.NO_WORKER_TIMEOUT", 0.1)
    with dask_cluster(tmp_path, workers=0) as cluster, open_executor(on(cluster), None) as run_tasks:
        results = run_tasks(remote_tasks.square, [3], remote_tasks.Prepare(tmp_path))
        cluster.start("worker0", "--nthreads", "1", "--local-directory", str(tmp_path))
        [(task, (result, _))] = list(results)
        wait_for(lambda: cluster.logged("worker0", "Registered to"), "the worker")
    assert (task, result) == (3, 9)
    assert caplog.text.count("has no worker yet") == 1


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:1", "nowhere.invalid:8786", "tcp://:0", "http://127.0.0.1:1"]
)
def test_an_unreachable_scheduler_is_one_sentence(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("stratomics.executor.dask.CONNECT_TIMEOUT", 1.0)
    write(tmp_path / "small")
    words = [
        "run",
        "--cohort=small",
        *UNRECORDED,
        "--executor.kind=dask",
        f"--executor.address={address}",
    ]
    begin = time.monotonic()
    assert main(words) == 2
    assert time.monotonic() - begin < 10
    *_, last = capsys.readouterr().err.splitlines()
    assert last.startswith(f"stratomics: executor.address: no Dask scheduler answers at {address}")
    assert not list((tmp_path / "runs").glob("*.part"))


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(ConfigError, match=r"pip install 'stratomics\[cluster\]'"),
        open_executor(ExecutorConfig("dask", "tcp://127.0.0.1:1"), None),
    ):
        pass


def test_a_kind_and_its_address_need_each_other() -> None:
    for wrong in ({"kind": "dask"}, {"address": "tcp://127.0.0.1:1"}):
        with pytest.raises(ConfigError, match="need each other"):
            ExecutorConfig(**wrong)
    with pytest.raises(ConfigError, match="did you mean 'dask'"):
        ExecutorConfig("dusk", "tcp://127.0.0.1:1")


def test_a_run_has_the_same_name_wherever_it_runs() -> None:
    there = ExperimentConfig(executor=ExecutorConfig("dask", "tcp://127.0.0.1:1"), workers=3)
    assert there.fingerprint() == ExperimentConfig().fingerprint()
