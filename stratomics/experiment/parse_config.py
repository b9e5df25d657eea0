"""Build the configuration of an experiment from keys, with the type of each value checked."""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any

import jsonargparse

from omics.common.errors import ConfigError, nearest_key
from stratomics.config import ExperimentConfig

__all__ = ["add_experiment", "config_from_keys", "experiment_of", "explain"]

LONGEST = 200
"""Longest error message of the parser, in characters."""

_UNKNOWN = (
    re.compile(r"Group '(?P<group>[^']+)' does not accept option '(?P<key>[^']+)'"),
    re.compile(r"(?P<group>)Option '(?P<key>[^']+)' is not accepted"),
    re.compile(r"(?P<group>)unrecognized arguments: --(?P<key>[^\s=]+)"),
)


def add_experiment(parser: jsonargparse.ArgumentParser) -> None:
    """Add every key of a configuration to a parser."""
    parser.add_class_arguments(ExperimentConfig, None)


def experiment_of(built: jsonargparse.Namespace) -> ExperimentConfig:
    """Take the configuration out of what a parser with :func:`add_experiment` has built."""
    return ExperimentConfig(**{name: built.pop(name) for name in ExperimentConfig.__dataclass_fields__})


def config_from_keys(keys: Mapping[str, Any]) -> ExperimentConfig:
    """Build a configuration from nested keys, as ``config.yaml`` has them.

    Parameters
    ----------
    keys
        Key -> value; a group of keys is a mapping or an instance of its class. Other keys keep their defaults.

    Returns
    -------
    ExperimentConfig
        The configuration.

    Raises
    ------
    ConfigError
        If a key is unknown, or a value has the wrong type.

    Examples
    --------
    >>> config_from_keys({"split": {"repeats": 1}, "seed": 3}).split.repeats
    1
    """
    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    add_experiment(parser)
    try:
        parsed = parser.parse_object({key: _plain(value) for key, value in keys.items()})
    except (argparse.ArgumentError, TypeError) as error:
        raise ConfigError(explain(str(getattr(error, "message", error)), parser)) from None
    return experiment_of(parser.instantiate(parsed))


def explain(message: str, parser: jsonargparse.ArgumentParser) -> str:
    """Shorten an error message of a parser, and suggest the nearest key for an unknown one.

    Parameters
    ----------
    message
        The message of jsonargparse.
    parser
        The parser.

    Returns
    -------
    str
        One sentence.
    """
    message = " ".join(message.split()).replace("<class '", "").replace("'>", "")
    for pattern in _UNKNOWN:
        if match := pattern.search(message):
            key = ".".join(filter(None, [match["group"], match["key"]]))
            return f"unknown key '{key}'; {nearest_key(key, _keys(parser))}"
    # jsonargparse repeats text that it cannot read, which may be a whole file.
    short = message.replace("Parser key ", "key ")
    return short if len(short) <= LONGEST else f"{short[:LONGEST]} ..."


def _keys(parser: jsonargparse.ArgumentParser) -> Iterable[str]:
    defaults: Any = parser.get_defaults()
    return [name for name in defaults.as_flat().__dict__ if name != "config"]


def _plain(value: Any) -> Any:
    """Convert a value to what yaml would give: instances of settings become mappings, tuples become lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
