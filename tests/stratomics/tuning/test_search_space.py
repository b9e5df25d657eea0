"""Search spaces: every wrong file is refused with the nearest right word; a value lands where its key points."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml
from places import ROOT

from omics.common.errors import ConfigError
from stratomics.config import ExperimentConfig
from stratomics.tuning.search_space import Choices, Range, SearchSpace, read_search_space

SHIPPED = sorted((ROOT / "configs" / "search").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_every_shipped_space_is_read_and_holds_the_default_configuration(path: Path) -> None:
    space = read_search_space(path)
    assert space.as_dict() == yaml.safe_load(path.read_text())
    values = space.values_of(ExperimentConfig())
    assert values is not None
    assert space.apply(ExperimentConfig(), values) == ExperimentConfig()


WRONG = [
    ("factors.cuont: {low: 1, high: 3}", "unknown key 'factors.cuont'; did you mean 'factors.count'?"),
    ("cuont: {low: 1, high: 3}", "unknown key 'cuont'; did you mean 'factors.count'?"),
    ("head.hiden: {choices: [1]}", "did you mean 'head.hidden'?"),
    ("heads.hidden: {choices: [1]}", "did you mean 'head.hidden'?"),
    ("head.penalties: {low: 1, high: 3}", "did you mean 'head.penalties.NAME'?"),
    ("head.hidden.x: {choices: [1]}", "unknown key 'head.hidden.x'"),
    ("head: {hidden: {choices: [1]}}", "unknown key 'head'"),
    ("seed: {low: 1, high: 9}", "'seed' defines the task and cannot be tuned"),
    ("split.folds: {low: 2, high: 9}", "'split.folds' defines the task"),
    ("evaluation.metric: {choices: [ibs]}", "cannot be tuned"),
    ("factors.count: {lo: 1, high: 3}", "unknown word 'lo'; did you mean 'low'?"),
    ("factors.count: {choises: [1]}", "write {choices: [...]} or {low: ..., high: ...}"),
    ("factors.count: {choices: [1], low: 1, high: 2}", "write {choices"),
    ("factors.count: 5", "write {choices"),
    ("factors.count: {low: 1}", "a range has low and high"),
    ("factors.count: {low: 3, high: 3}", "nothing lies between them"),
    ("factors.count: {low: 1.5, high: 3}", "1.5 is not of type int"),
    ("factors.count: {low: 0, high: 3}", "factors.count is 0; it must be at least 1"),
    ("factors.count: {low: true, high: 3}", "True is not of type int"),
    ("factors.count: {low: 1, high: 9, step: 9}", "step is 9"),
    ("factors.count: {low: 1, high: 9, log: 1}", "log is true or false"),
    ("head.ridge_deep: {low: 0, high: 3, log: true}", "a log scale begins above 0"),
    ("head.ridge_deep: {low: .nan, high: 3}", "nan is not of type float"),
    ("head.ridge_deep: {low: 1, high: .inf}", "inf is not of type float"),
    ("trainer.learning_rate: {low: 0.1, high: 3}", "trainer.learning_rate is 3"),
    ("factors.model: {low: 1, high: 3}", "factors.model is not a number"),
    ("factors.model: {choices: [pca, pcaa]}", "unknown factors.model 'pcaa'; did you mean 'pca'?"),
    ("factors.count: {choices: []}", "at least one value"),
    ("factors.count: {choices: 3}", "choices is a list"),
    ("factors.count: {choices: [3, 3]}", "is repeated"),
    ("factors.count: {choices: ['3']}", "'3' is not of type int"),
    ("harmonize.adapt: {choices: [1, 0]}", "1 is not of type bool"),
    ("harmonize.normalize.rna: {choices: [1]}", "1 is not of type str"),
    (
        "factors.count: {choices: [3]}\nfactors.count: {choices: [4]}",
        "line 2: the key 'factors.count' appears twice",
    ),
    ("factors.count: [", "not valid yaml"),
    ("", "expected one line per key"),
    ("- factors.count", "expected one line per key"),
]


@pytest.mark.parametrize(("content", "sentence"), WRONG, ids=[content for content, _ in WRONG])
def test_wrong_spaces_are_refused_by_name(content: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError) as caught:
        read_search_space(path)
    assert str(caught.value).startswith(str(path))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_entry_of_a_mapping_may_be_tuned_and_its_neighbours_stay(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text("head.penalties.view.rna: {low: 1, high: 100, log: true}")
    space, config = read_search_space(path), ExperimentConfig()
    assert space.values_of(config) is None
    config = space.apply(config, {"head.penalties.factors": 3.0})
    config = space.apply(config, {"head.penalties.view.rna": 5.0})
    assert config.head.penalties == {"factors": 3.0, "view.rna": 5.0}
    assert space.values_of(config) == {"head.penalties.view.rna": 5.0}


@pytest.mark.parametrize(
    ("dimension", "inside", "outside"),
    [
        (Choices((0, 8)), [0, 8], [4]),
        (Range(1, 9, whole=True, step=4), [1, 5, 9], [0, 2, 4, 10]),
        (Range(0.1, 0.7, whole=False, step=0.2), [0.1, 0.3, 0.5, 0.7], [0.2, 0.35]),
        (Range(2, 200, whole=False, log=True), [2, 20.0, 200], [1.9, 201]),
    ],
)
def test_what_a_dimension_holds(
    dimension: Choices | Range, inside: list[float], outside: list[float]
) -> None:
    assert all(dimension.holds(value) for value in inside)
    assert not any(dimension.holds(value) for value in outside)


def test_only_the_keys_of_the_space_differ() -> None:
    space = SearchSpace({"trainer.epochs": Choices((7,))})
    config = space.apply(ExperimentConfig(name="a"), {"trainer.epochs": 7})
    trainer = dataclasses.replace(ExperimentConfig().trainer, epochs=7)
    assert config == dataclasses.replace(ExperimentConfig(name="a"), trainer=trainer)
