"""A modality and a head that a user registers at run time: known to all checks, in all processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small import QUICK

from models.config import HeadConfig
from models.heads import HEADS
from omics.checks.check_cohort import check_cohort
from omics.common.errors import ConfigError
from omics.common.registry import resolve
from omics.modalities import MODALITIES
from stratomics.cli import main
from stratomics.config import ExperimentConfig
from stratomics.experiment.check_config import check_config
from stratomics.fitting.fitted import Fitted
from stratomics.runs.run_directory import RunDirectory
from stratomics.runtime.register import REGISTRIES, register_entries, registered

MODULE = '''
from models.heads.cox import CoxHead
from omics.modalities.modality import Modality

MINE = Modality("mine", {"halves": lambda values: 2 * values})


class MyHead(CoxHead):
    """The Cox head, with another name."""
'''


@pytest.fixture
def my_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A modality and a head in a module of the user."""
    (tmp_path / "my_parts_of_a_test.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(MODALITIES, "mine", "my_parts_of_a_test:MINE")
    monkeypatch.setitem(HEADS["survival"], "mine", "my_parts_of_a_test:MyHead")


def declared(scale: str) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def change(_: dict[str, Any], spec: dict[str, Any]) -> None:
        spec["views"]["rna"] |= {"modality": "mine", "scale": scale}

    return change


@pytest.mark.usefixtures("my_parts")
def test_a_cohort_and_a_configuration_are_checked_by_it(write_small: Callable[..., Path]) -> None:
    errors = [f.sentence for f in check_cohort(write_small(declared("halfs"))) if f.severity == "error"]
    assert errors == ["view 'rna': scale 'halfs' is not one of mine; did you mean 'halves'?"]
    assert not [f for f in check_cohort(write_small(declared("halves"))) if f.severity == "error"]
    config = ExperimentConfig(head=HeadConfig(survival="mine"))
    check_config(config)
    with pytest.raises(ConfigError, match=r"unknown head.survival 'mina'; did you mean 'mine'\?"):
        check_config(replace(config, head=HeadConfig(survival="mina")))
    assert (resolve(MODALITIES, "mine", "modality").transform(np.ones((1, 1)), "halves") == 2).all()


@pytest.mark.usefixtures("my_parts")
def test_entries_go_to_a_process_that_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = registered()
    monkeypatch.delitem(MODALITIES, "mine")
    monkeypatch.delitem(HEADS["survival"], "mine")
    survival = HEADS["survival"]
    register_entries(sent)
    assert MODALITIES["mine"] == "my_parts_of_a_test:MINE"
    assert survival["mine"] == "my_parts_of_a_test:MyHead"
    # The registries that are sent are copies.
    assert sent["head"]["survival"] is not survival


def test_all_registries_are_found() -> None:
    for name, table in registered().items():
        assert table == resolve(REGISTRIES, name, "registry")
        assert table


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("no_such_module_here:MINE", "finds no module 'no_such_module_here'; put its folder on the path"),
        ("omics.no_such:MINE", "finds no module 'omics.no_such'"),
        ("omics.modalities.generic:MINE", "omics.modalities.generic has no 'MINE'; correct the entry"),
        ("omics.modalities.generic", "has no ''"),
    ],
)
def test_an_entry_that_points_nowhere_is_an_error(entry: str, text: str) -> None:
    with pytest.raises(ConfigError, match=f"modality 'mine' is {entry}, and .*{text}"):
        resolve({"mine": entry}, "mine", "modality")


def test_a_fault_inside_a_module_is_not_blamed_on_the_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lacks_another.py").write_text("import no_such_module_here\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="no_such_module_here"):
        resolve({"mine": "lacks_another:MINE"}, "mine", "modality")


@pytest.mark.slow
@pytest.mark.usefixtures("my_parts")
def test_a_run_of_two_processes_uses_both_and_is_loaded_again(
    write_small: Callable[..., Path], tmp_path: Path
) -> None:
    cohort = write_small(declared("halves"))
    words = [*QUICK, "--split.folds=2", "--workers=2", "--head.survival=mine", "--baselines=[]"]
    words += ["--runs", str(tmp_path / "runs"), "--tracking.uri=sqlite:////dev/null/store.db"]
    assert main(["run", "--cohort", str(cohort), *words]) == 0
    (path,) = (tmp_path / "runs").iterdir()
    assert len(RunDirectory(path).predictions["stratomics"].patients) == 40
    model = Fitted.load(path / "model")
    assert [name for _, name in model.wide_deep.head_names] == ["mine"]
    assert model.encoders[0].harmonizer.views["rna"].spec.modality == "mine"
