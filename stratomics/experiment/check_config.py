"""Check the configuration of an experiment against the registries, and complete it for the primary endpoint."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from datamodules.resampling import DESIGNS
from models.config import AUTO
from models.factors import FACTOR_MODELS
from models.heads import HEADS
from omics.common.errors import ConfigError, require_range
from omics.common.registry import all_entries, check_choice
from stratomics.candidates import CANDIDATES
from stratomics.config import MIXTURE, WIDE_DEEP, ExperimentConfig
from stratomics.controls import CONTROLS
from stratomics.evaluation.metrics import METRICS
from stratomics.evaluation.metrics.metric import find_metric

__all__ = ["check_config", "check_primary_metric", "complete_config"]


def check_config(config: ExperimentConfig) -> None:
    """Check names in a configuration before any file is read.

    Raises
    ------
    ConfigError
        If a name is not in its registry; the message has the nearest valid name.
    """
    if config.name is not None and not re.fullmatch(r"[\w][\w.-]*", config.name):
        raise ConfigError(
            f"name '{config.name}' begins the name of a folder; use letters, digits, '.', '_' and '-'"
        )
    if config.workers is not None:
        require_range("workers", config.workers, 1)
    check_choice(FACTOR_MODELS, config.factors.model, "factors.model")
    for kind, heads in HEADS.items():
        choices = {AUTO: "", **heads} if kind == "survival" else heads
        check_choice(choices, config.head.name(kind), f"head.{kind}")
    if config.evaluation.metric is not None:
        check_choice(all_entries(METRICS), config.evaluation.metric, "evaluation.metric")
    check_choice(DESIGNS, config.split.design, "split.design")
    if config.split.external is not None and config.split.design != "external":
        raise ConfigError(
            f"split.external names another cohort, which split.design {config.split.design} does not use; "
            "add --split.design external, or leave split.external out"
        )
    for name in config.controls or ():
        check_choice(CONTROLS, name, "entry of controls")
    for name in config.baselines or ():
        check_choice(all_entries(CANDIDATES), name, "entry of baselines")
    check_choice(dict.fromkeys([MIXTURE, WIDE_DEEP, *all_entries(CANDIDATES)]), config.model, "model")


def complete_config(config: ExperimentConfig, kind: str) -> ExperimentConfig:
    """Fill in metric, baselines and controls where the configuration leaves them open.

    Parameters
    ----------
    config
        The experiment.
    kind
        Kind of the primary endpoint: ``survival`` or ``response``.

    Returns
    -------
    ExperimentConfig
        A copy with these keys.

    Raises
    ------
    ConfigError
        If a declared metric or baseline is for another kind of endpoint.
    """
    metric = config.evaluation.metric or next(iter(METRICS[kind]))
    baselines = list(CANDIDATES[kind]) if config.baselines is None else config.baselines
    check_primary_metric(metric, kind, "evaluation.metric")
    for name in baselines:
        _check_kind(CANDIDATES, name, kind, "entry of baselines")
    if config.model not in (MIXTURE, WIDE_DEEP):
        _check_kind(CANDIDATES, config.model, kind, "model")
        baselines = list(dict.fromkeys([*baselines, config.model]))
    controls = list(CONTROLS) if config.controls is None else config.controls
    return dataclasses.replace(
        config,
        baselines=baselines,
        controls=controls,
        evaluation=dataclasses.replace(config.evaluation, metric=metric),
    )


def check_primary_metric(metric: str, kind: str, what: str) -> None:
    """Check that methods can be compared by a metric.

    Parameters
    ----------
    metric
        Name in METRICS.
    kind
        Kind of the primary endpoint.
    what
        Key or option that names the metric, for the error message.

    Raises
    ------
    ConfigError
        If the metric is for another kind of endpoint, or has no direction, no interval, or no value for some methods.
    """
    check_choice(all_entries(METRICS), metric, what)
    _check_kind(METRICS, metric, kind, what)
    if not find_metric(metric).can_compare:
        comparable = ", ".join(name for name in METRICS[kind] if find_metric(name).can_compare)
        raise ConfigError(
            f"{what} '{metric}' cannot compare methods: it lacks a direction, an interval or a value "
            f"for every method; choose among {comparable}"
        )


def _check_kind(tables: Mapping[str, Mapping[str, str]], name: str, kind: str, what: str) -> None:
    if name not in tables[kind]:
        raise ConfigError(
            f"{what} '{name}' is not for a {kind}, which is the kind of the primary endpoint; "
            f"choose among {', '.join(tables[kind])}"
        )
