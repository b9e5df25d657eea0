"""What tests share: cohorts to read, small ones to write, a configuration that is quick."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import settings
from small import specification, tables

from stratomics.logs import quiet_libraries

# A landing does not hang on the draw of the day: what hypothesis finds, it finds on a person's machine.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(autouse=True)
def _quiet() -> None:
    # pytest resets warning filters for each test; these exceptions carry their reasons where they stand.
    quiet_libraries()


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
    from omics.cohort import read_cohort

    return read_cohort("bundled:tcga_acc")


@pytest.fixture
def write_small(tmp_path: Path) -> Callable[..., Path]:
    """Write the small cohort, changed by a function of its tables and its specification."""

    def write(change: Callable[[dict[str, pd.DataFrame], dict[str, Any]], None] | None = None) -> Path:
        folder = tmp_path / "small"
        folder.mkdir(exist_ok=True)
        frames, spec = tables(), specification()
        if change is not None:
            change(frames, spec)
        for name, frame in frames.items():
            frame.to_csv(folder / f"{name}.csv", index=False)
        (folder / "cohort.yaml").write_text(yaml.safe_dump(spec))
        return folder

    return write
