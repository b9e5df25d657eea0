"""Configuration: default.yaml lists all keys with defaults; wrong keys and values are refused before any reading."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from places import ROOT

from omics.common.errors import ConfigError
from stratomics.candidates import CANDIDATES
from stratomics.cli.run import parse, shipped_config
from stratomics.config import ExperimentConfig
from stratomics.experiment.check_config import complete_config

CONFIGS = ROOT / "configs"


def test_default_yaml_is_every_key_with_its_default() -> None:
    assert yaml.safe_load((CONFIGS / "default.yaml").read_text()) == dataclasses.asdict(ExperimentConfig())


def test_every_key_of_default_yaml_has_one_comment() -> None:
    lines = (CONFIGS / "default.yaml").read_text().splitlines()[1:]
    keys = [line for line in lines if ":" in line and not re.fullmatch(r"\w+:", line.strip())]
    assert len(keys) > 20
    for line in keys:
        assert line.count(" # ") == 1, line


@pytest.mark.parametrize("path", sorted((CONFIGS / "experiment").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_experiment_parses(path: Path) -> None:
    config, _, again = parse([str(path)])
    assert config.cohort is not None
    assert not again


def test_the_command_line_overrides_the_file() -> None:
    config, runs, _ = parse(["configs/experiment/tcga_acc.yaml", "--split.folds", "3", "--runs", "elsewhere"])
    assert (config.split.folds, config.split.repeats, config.cohort) == (3, 5, "bundled:tcga_acc")
    assert runs == Path("elsewhere")


WRONG = [
    (["--cuont=3"], "unknown key 'cuont'; did you mean 'factors.count'"),
    (["--folds=3"], "unknown key 'folds'; did you mean 'split.folds'"),
    (["--split.fold=3"], "unknown key 'split.fold'; did you mean 'split.folds'"),
    (["--split.folds=many"], "split.folds"),
    (["--split.folds=1"], "split.folds is 1; it must be at least 2"),
    (["--harmonize.max_missing=2"], "between 0 and 1"),
    (["--factors.model=pcaa"], "unknown factors.model 'pcaa'; did you mean 'pca'"),
    (["--head.survival=coxx"], "unknown head.survival 'coxx'; did you mean 'cox'"),
    (["--head.survival=logistic"], "unknown head.survival 'logistic'"),
    (["--head.response=logistik"], "unknown head.response 'logistik'; did you mean 'logistic'"),
    (["--evaluation.metric=isb"], "did you mean 'ibs'"),
    (["--baselines=[clinical_cocks]"], "did you mean 'clinical_cox'"),
    (["--split.external=elsewhere"], "add --split.design external"),
    (["no_such.yaml"], "no_such.yaml: no such cohort or configuration"),
    (["--seed=1.5"], "seed"),
]


@pytest.mark.parametrize(("words", "sentence"), WRONG, ids=[" ".join(w) for w, _ in WRONG])
def test_wrong_arguments_are_refused_with_the_nearest_valid_name(words: list[str], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(words)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("split: {fold: 3}", "unknown key 'split.fold'; did you mean 'split.folds'"),
        ("cohrt: x", "unknown key 'cohrt'; did you mean 'cohort'"),
        ("head: {model: cox}", "unknown key 'head.model'"),
        ("split: {folds: [1, 2]}", "split.folds"),
        ("split: [", "yaml"),
    ],
)
def test_wrong_files_are_named(content: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError) as caught:
        parse([str(path)])
    assert str(caught.value).startswith(str(path))
    if sentence != "yaml":
        assert sentence in str(caught.value)


def test_print_config_is_complete_and_runs_again(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(["configs/experiment/tcga_acc.yaml", "--split.repeats=2", "--print_config"])
    assert caught.value.code == 0
    printed: dict[str, Any] = yaml.safe_load(capsys.readouterr().out)
    assert set(dataclasses.asdict(ExperimentConfig())) <= set(printed)
    path = tmp_path / "printed.yaml"
    path.write_text(yaml.safe_dump(printed))
    assert parse([str(path)])[0] == parse(["configs/experiment/tcga_acc.yaml", "--split.repeats=2"])[0]


def test_a_file_of_the_user_comes_before_one_that_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = shipped_config("configs/experiment/tcga_acc.yaml")
    assert shipped.is_file()
    user_file = tmp_path / "configs" / "experiment" / "tcga_acc.yaml"
    user_file.parent.mkdir(parents=True)
    user_file.write_text("cohort: mine")
    assert shipped_config("configs/experiment/tcga_acc.yaml").resolve() == user_file


def test_the_hash_follows_what_results_depend_on() -> None:
    one = ExperimentConfig(workers=1, cohort="a")
    two = dataclasses.replace(one, workers=2, cohort="b")
    assert one.fingerprint() == two.fingerprint()
    assert one.fingerprint() != dataclasses.replace(one, seed=2).fingerprint()


def test_what_depends_on_the_kind_of_endpoint_is_filled_in() -> None:
    survival, response = (complete_config(ExperimentConfig(), kind) for kind in ("survival", "response"))
    assert (survival.evaluation.metric, response.evaluation.metric) == ("ibs", "log_loss")
    assert survival.baselines == list(CANDIDATES["survival"])
    assert response.baselines == list(CANDIDATES["response"])
    assert response.baselines[0] == "clinical_logistic"
    assert complete_config(survival, "survival") == survival
    assert complete_config(dataclasses.replace(ExperimentConfig(), baselines=[]), "response").baselines == []
    with pytest.raises(ConfigError, match=r"evaluation\.metric 'ibs' is not for a response"):
        complete_config(survival, "response")
    declared = dataclasses.replace(ExperimentConfig(), baselines=["clinical_cox"])
    with pytest.raises(ConfigError, match=r"'clinical_cox' is not for a response.*clinical_logistic"):
        complete_config(declared, "response")
