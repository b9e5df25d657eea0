"""What tests share: cohorts to read, small ones to write, a configuration that is quick."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dosed import fit_exposed, write_dosed
from hypothesis import settings
from made_once import made_once
from places import SHARED
from small import SMALLEST, Change, with_response, write
from trials import survival_trial

from omics.common.files import write_json, write_parquet, write_text
from stratomics.runtime.logs import quiet_libraries

# In CI the examples of hypothesis are the same every time; new ones are drawn on a developer's machine.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture(autouse=True)
def _quiet() -> None:
    # pytest resets warning filters for each test; the reason of each exception is written beside it.
    quiet_libraries()


class _PartLeftOut(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise AssertionError(record.getMessage())


@pytest.fixture(scope="session", autouse=True)
def _complete_reports() -> Iterator[None]:
    """Fail where a report leaves out a part that cannot be computed: a user gets a sentence, a test an error."""
    handler, logger = _PartLeftOut(), logging.getLogger("stratomics.report.sections")
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """Give the path of a shared file, or skip where shared files are absent."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"../shared/{name} is absent; its licence forbids a copy in the project")
        return path

    return find


@pytest.fixture(scope="session")
def acc() -> Any:
    """The bundled cohort."""
    from omics.cohort.read import read_cohort

    return read_cohort("bundled:tcga_acc")


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the small cohort, which is beside it in `small`; MLflow was out of reach. To be copied."""

    def make(folder: Path) -> None:
        from stratomics.cli import main

        write(folder / "small")
        words = ["--cohort", str(folder / "small"), *SMALLEST, "--runs", str(folder / "runs")]
        assert main(["run", *words]) == 0
        (run,) = (folder / "runs").iterdir()
        shutil.move(run, folder)

    (report,) = made_once(tmp_path_factory, "small_run", make).glob("*/report.html")
    return report.parent


@pytest.fixture(scope="session")
def response_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a response, two repeats of two folds; to be copied before a change.

    The cohort `small` and MLflow's `mlflow.db` are two folders above, and `screen.txt` is what the run printed.
    """

    def make(folder: Path) -> None:
        from stratomics.cli import main

        write(folder / "small", with_response)
        words = [
            "--cohort=small",
            *SMALLEST,
            "--split.repeats=2",
            f"--tracking.uri=sqlite:///{folder}/mlflow.db",
        ]
        screen = (folder / "screen.txt").open("w")
        with pytest.MonkeyPatch.context() as patch, screen, contextlib.redirect_stdout(screen):
            patch.chdir(folder)
            assert main(["run", *words]) == 0

    (report,) = made_once(tmp_path_factory, "response_run", make).glob("runs/*/report.html")
    return report.parent


@pytest.fixture(scope="session")
def exposed_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a model with exposure; the cohort that it was fitted to is beside it in `cohort`. To be copied."""

    def make(folder: Path) -> None:
        fit_exposed(write_dosed(folder / "cohort"), folder / "model")

    return made_once(tmp_path_factory, "exposed_model", make) / "model"


@pytest.fixture
def heeded_ctrl_c() -> Iterator[None]:
    """Let Ctrl-C reach the processes that a test starts; a shell ignores it for tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def write_small(tmp_path: Path) -> Callable[..., Path]:
    """Write the small cohort, changed by a function of its tables and its specification."""

    def write_changed(change: Change | None = None) -> Path:
        return write(tmp_path / "small", change)

    return write_changed


@pytest.fixture
def write_response(write_small: Callable[..., Path]) -> Callable[..., Path]:
    """Write the small cohort with a response that decides, changed further by a function."""

    def write_changed(change: Change | None = None) -> Path:
        def both(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
            with_response(frames, spec)
            if change is not None:
                change(frames, spec)

        return write_small(both)

    return write_changed


@pytest.fixture
def write_run(tmp_path: Path) -> Callable[..., Path]:
    """Write the saved tables of a run of 200 patients, 20 repeats of 5 folds."""

    def write(arms: tuple[str, ...] = ("a", "b"), benefit: bool = True) -> Path:
        trial, rng, folder = survival_trial(0, n=200), np.random.default_rng(0), tmp_path / "run"
        folder.mkdir()
        ids = np.array([f"p{i:03d}" for i in range(200)])
        arm = np.where(trial.treated, arms[-1], arms[0])
        patients = pd.DataFrame(
            {"sample_id": ids, "os.time": trial.survival.time, "os.event": trial.survival.event}
        )
        more = {
            "arm": arm,
            "site": np.where(np.arange(200) < 60, "north", "south"),
            "covariate.age": rng.normal(60, 9, 200),
        }
        more |= {"view.rna": True, "view.protein": np.arange(200) % 4 > 0}
        write_parquet(folder / "patients.parquet", patients.assign(**more))
        rows = {
            "sample_id": np.tile(ids, 20),
            "repeat": np.repeat(np.arange(20), 200),
            "fold": np.concatenate([rng.permutation(200) % 5 for _ in range(20)]),
            "risk": rng.normal(size=4000),
            "benefit": np.tile(rng.normal(size=200), 20) + rng.normal(size=4000),
            "benefit_sd": np.ones(4000),
        }
        predicted = pd.DataFrame(rows if benefit else {k: v for k, v in rows.items() if "benefit" not in k})
        write_parquet(folder / "predictions.parquet", predicted)
        curves = predicted[["sample_id", "repeat", "fold"]].assign(time=1.0, survival=0.5)
        write_parquet(folder / "survival.parquet", curves)
        write_json(folder / "provenance.json", {"endpoint": "os", "kind": "survival", "unit": "years"})
        (folder / "model").mkdir()
        write_text(folder / "model" / "settings.json", "{}")
        return folder

    return write
