"""Check an experiment's configuration against the registries, and fill in what depends on the endpoint."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from datamodules.resampling import DESIGNS
from models.factors import FACTOR_MODELS
from models.heads import HEADS
from omics.common.errors import ConfigError, require_range
from omics.common.registry import all_entries, check_choice
from stratomics.baselines import BASELINES
from stratomics.config import ExperimentConfig
from stratomics.controls import CONTROLS
from stratomics.evaluation.metrics import METRICS
from stratomics.evaluation.metrics.metric import find_metric

__all__ = ["check_config", "check_decides", "complete_config"]


def check_config(config: ExperimentConfig) -> None:
    """Refuse a choice that no table has, before anything is read.

    Raises
    ------
    ConfigError
        With the nearest right word.
    """
    if config.name is not None and not re.fullmatch(r"[\w][\w.-]*", config.name):
        raise ConfigError(
            f"name '{config.name}' begins a folder's name; use letters, digits, '.', '_' and '-'"
        )
    if config.workers is not None:
        require_range("workers", config.workers, 1)
    check_choice(FACTOR_MODELS, config.factors.model, "factors.model")
    for kind, heads in HEADS.items():
        check_choice(heads, config.head.name(kind), f"head.{kind}")
    if config.evaluation.metric is not None:
        check_choice(all_entries(METRICS), config.evaluation.metric, "evaluation.metric")
    check_choice(DESIGNS, config.split.design, "split.design")
    if config.split.external is not None and config.split.design != "external":
        raise ConfigError(
            f"split.external names another cohort, which split.design {config.split.design} does not look at; "
            "add --split.design external, or leave it out"
        )
    for name in config.controls or ():
        check_choice(CONTROLS, name, "entry of controls")
    for name in config.baselines or ():
        check_choice(all_entries(BASELINES), name, "entry of baselines")


def complete_config(config: ExperimentConfig, kind: str) -> ExperimentConfig:
    """Fill in what depends on the kind of the deciding endpoint.

    Raises
    ------
    ConfigError
        If a metric or a baseline is declared that is for another kind.
    """
    metric = config.evaluation.metric or next(iter(METRICS[kind]))
    baselines = list(BASELINES[kind]) if config.baselines is None else config.baselines
    check_decides(metric, kind, "evaluation.metric")
    for name in baselines:
        _check_kind(BASELINES, name, kind, "entry of baselines")
    controls = list(CONTROLS) if config.controls is None else config.controls
    return dataclasses.replace(
        config,
        baselines=baselines,
        controls=controls,
        evaluation=dataclasses.replace(config.evaluation, metric=metric),
    )


def check_decides(metric: str, kind: str, what: str) -> None:
    """Refuse a metric that is for another kind of endpoint, or by which no method can be called better.

    Raises
    ------
    ConfigError
        Naming `what` declared it.
    """
    check_choice(all_entries(METRICS), metric, what)
    _check_kind(METRICS, metric, kind, what)
    if not find_metric(metric).can_compare:
        able = ", ".join(name for name in METRICS[kind] if find_metric(name).can_compare)
        raise ConfigError(
            f"{what} '{metric}' cannot decide: it lacks a direction, an interval or a figure "
            f"for every method; choose among {able}"
        )


def _check_kind(tables: Mapping[str, Mapping[str, str]], name: str, kind: str, what: str) -> None:
    if name not in tables[kind]:
        raise ConfigError(
            f"{what} '{name}' is not for a {kind}, which is what decides here; choose among {', '.join(tables[kind])}"
        )
