"""Imports: no torch above Prediction, no heavy package for ``--help``, and registry entries that resolve."""

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
from stratomics.candidates import CANDIDATES
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
    names = [*modules("evaluation"), *modules("report"), *modules("enrichment"), *modules("ui")]
    assert len(names) >= 30
    names += ["stratomics.runs.run_directory", "models.prediction"]
    assert not loaded_after("\n".join(f"import {name}" for name in names)) & set(HEAVY)


def test_omics_never_imports_torch() -> None:
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
    # The number of modules is counted, because times vary between machines.
    assert len(loaded_after("from stratomics.cli import main; main(['--help'])")) < 120
    assert after.ru_utime - before.ru_utime < 5


@pytest.mark.parametrize(
    ("table", "what"),
    [
        (MODALITIES, "modality"),
        (READERS, "file ending"),
        (FACTOR_MODELS, "factors.model"),
        (all_entries(HEADS), "head"),
        (all_entries(CANDIDATES), "baseline"),
        (all_entries(METRICS), "metric"),
        ({name: where for name, (where, _) in COMMANDS.items()}, "command"),
    ],
    ids=["modalities", "readers", "factors", "heads", "baselines", "metrics", "commands"],
)
def test_every_registry_entry_resolves(table: dict[str, str], what: str) -> None:
    for name in table:
        assert resolve(table, name, what) is not None
    with pytest.raises(ConfigError, match="did you mean"):
        resolve(table, next(iter(table)) + "x", what)


@pytest.mark.parametrize("tables", [HEADS, CANDIDATES, METRICS], ids=["heads", "baselines", "metrics"])
def test_a_name_is_the_same_for_each_kind_of_endpoint(tables: dict[str, dict[str, str]]) -> None:
    assert set(tables) == {"survival", "response"}
    assert len({entry for table in tables.values() for entry in table.items()}) == len(all_entries(tables))
    assert all(tables.values())


def test_a_closed_pipe_is_no_error() -> None:
    """`head` closes the pipe before everything is written."""
    command = [sys.executable, "-m", "stratomics", "check", "bundled:tcga_acc", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
