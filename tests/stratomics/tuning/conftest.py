"""Fixtures of tests of tuning: a cheap model in place of `fit`, and a small experiment."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from cheap_model import SPLIT, Cheap
from small import write

from stratomics.config import ExperimentConfig
from stratomics.fitting import fit as fitting


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[set[str], ExperimentConfig]]:
    """Replace `fit` by a cheap model; lists the ids and the configuration of each fit."""
    fitted: list[tuple[set[str], ExperimentConfig]] = []

    def cheap(cohort: Any, config: ExperimentConfig, seed: int) -> Cheap:
        fitted.append((set(cohort.obs_names), config))
        return Cheap(cohort, config)

    monkeypatch.setattr(fitting, "fit", cheap)
    return fitted


@pytest.fixture
def config(tmp_path: Path) -> ExperimentConfig:
    evaluation = dataclasses.replace(ExperimentConfig().evaluation, draws=100)
    cohort = str(write(tmp_path / "small"))
    return ExperimentConfig(cohort=cohort, split=SPLIT, evaluation=evaluation, workers=1)
