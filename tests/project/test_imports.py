"""Walls: no torch above Prediction, nothing heavy behind ``--help``, tables that point to something."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import stratomics.evaluation
import stratomics.report
from models.factors import FACTOR_MODELS
from models.heads import HEADS
from omics.common.errors import ConfigError
from omics.common.registry import all_entries, resolve
from omics.modalities import MODALITIES
from omics.readers import READERS
from stratomics.baselines import BASELINES
from stratomics.cli import COMMANDS
from stratomics.evaluation.metrics import METRICS

HEAVY = ("torch", "pytorch_lightning", "mlflow", "scanpy")
ROOT = Path(stratomics.__file__).parent


def loaded_after(code: str) -> set[str]:
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def modules(folder: str) -> list[str]:
    return sorted(
        ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
        for path in (ROOT / folder).rglob("*.py")
        if path.stem != "__init__"
    )


def test_no_torch_above_prediction() -> None:
    rooms = [*modules("evaluation"), *modules("report"), *modules("enrichment"), *modules("ui")]
    assert len(rooms) >= 30
    all_entries = [*rooms, "stratomics.runs.run_directory", "models.prediction"]
    assert not loaded_after("\n".join(f"import {name}" for name in all_entries)) & set(HEAVY)


def test_the_first_floor_never_imports_torch() -> None:
    names = [
        ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
        for path in sorted((ROOT.parent / "omics").rglob("*.py"))
        if path.stem != "__init__"
    ]
    assert not loaded_after("\n".join(f"import {name}" for name in names)) & set(HEAVY)


def test_the_configuration_is_checked_without_anything_heavy() -> None:
    loaded = loaded_after("from stratomics.cli.run import parse; parse(['--cohort', 'bundled:tcga_acc'])")
    assert not loaded & {*HEAVY, "sklearn", "anndata", "matplotlib"}


def test_help_is_light() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "stratomics", "--help"], capture_output=True, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "stratomics COMMAND" in done.stdout
    # A count of modules and not of seconds: machines are noisy, imports are not.
    assert len(loaded_after("from stratomics.cli import main; main(['--help'])")) < 120
    assert after.ru_utime - before.ru_utime < 5


@pytest.mark.parametrize(
    ("table", "what"),
    [
        (MODALITIES, "modality"),
        (READERS, "file ending"),
        (FACTOR_MODELS, "factors.model"),
        (all_entries(HEADS), "head"),
        (all_entries(BASELINES), "baseline"),
        (all_entries(METRICS), "metric"),
        ({name: where for name, (where, _) in COMMANDS.items()}, "command"),
    ],
    ids=["modalities", "readers", "factors", "heads", "baselines", "metrics", "commands"],
)
def test_every_line_of_a_table_points_to_something(table: dict[str, str], what: str) -> None:
    for name in table:
        assert resolve(table, name, what) is not None
    with pytest.raises(ConfigError, match="did you mean"):
        resolve(table, next(iter(table)) + "x", what)


@pytest.mark.parametrize("tables", [HEADS, BASELINES, METRICS], ids=["heads", "baselines", "metrics"])
def test_a_name_is_one_thing_whatever_the_kind_of_endpoint(tables: dict[str, dict[str, str]]) -> None:
    assert set(tables) == {"survival", "response"}
    assert len({place for own in tables.values() for place in own.items()}) == len(all_entries(tables))
    assert all(tables.values())


def test_a_reader_who_has_seen_enough_is_no_fault() -> None:
    """As `head` does: the pipe is closed before everything is written."""
    words = [sys.executable, "-m", "stratomics", "check", "bundled:tcga_acc", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
