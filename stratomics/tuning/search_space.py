"""Search spaces: keys of the configuration with the values to try, read from a file and checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict, get_args, get_origin, get_type_hints

from datamodules.config import HarmonizeConfig
from models.config import FactorsConfig, HeadConfig, TrainerConfig
from omics.common.errors import CohortError, ConfigError, nearest, nearest_key
from omics.common.yaml import load_yaml
from stratomics.config import ExperimentConfig
from stratomics.experiment.check_config import check_config

__all__ = [
    "Choices",
    "ChoicesEntry",
    "Dimension",
    "Range",
    "RangeEntry",
    "SearchSpace",
    "Value",
    "read_search_space",
]

GROUPS = {
    "harmonize": HarmonizeConfig,
    "factors": FactorsConfig,
    "head": HeadConfig,
    "trainer": TrainerConfig,
}
"""Groups of the configuration that can be tuned. Cohort, seed, folds and metric define the task and stay fixed."""

Value = bool | int | float | str


class ChoicesEntry(TypedDict):
    """Entry of choices in a file.

    Attributes
    ----------
    choices
        The values.
    """

    choices: list[Value]


class RangeEntry(TypedDict):
    """Entry of a range in a file.

    Attributes
    ----------
    low, high
        Limits, both included.
    log, step
        As in :class:`Range`, where they are set.
    """

    low: float
    high: float
    log: NotRequired[bool]
    step: NotRequired[float]


@dataclass(frozen=True)
class Choices:
    """One of several values.

    Attributes
    ----------
    values
        The values.
    """

    values: tuple[Value, ...]

    @property
    def ends(self) -> tuple[Value, ...]:
        """Values to check in place of all values."""
        return self.values

    def holds(self, value: Any) -> bool:
        """Whether `value` is one of the values."""
        return value in self.values

    def as_dict(self) -> ChoicesEntry:
        """Content in a file."""
        return {"choices": list(self.values)}


@dataclass(frozen=True)
class Range:
    """A range of numbers.

    Attributes
    ----------
    low, high
        Limits, both included.
    whole
        Whether values are integers.
    log
        Whether values are drawn on a log scale.
    step
        Distance between values; None for any value.
    """

    low: float
    high: float
    whole: bool
    log: bool = False
    step: float | None = None

    @property
    def ends(self) -> tuple[Value, ...]:
        """Values to check in place of all values."""
        return self.low, self.high

    def holds(self, value: Any) -> bool:
        """Whether `value` is in the range."""
        if not self.low <= value <= self.high:
            return False
        return self.step is None or abs((value - self.low) / self.step % 1.0 - 0.5) > 0.5 - 1e-9

    def as_dict(self) -> RangeEntry:
        """Content in a file."""
        content: RangeEntry = {"low": self.low, "high": self.high}
        if self.log:
            content["log"] = True
        if self.step:
            content["step"] = self.step
        return content


Dimension = Choices | Range


@dataclass(frozen=True)
class SearchSpace:
    """The keys to tune.

    Attributes
    ----------
    dimensions
        Dotted key of the configuration -> choices or range.

    Examples
    --------
    >>> space = SearchSpace({"head.hidden": Choices((0, 8)), "head.penalties.factors": Range(1, 100, False, True)})
    >>> space.apply(ExperimentConfig(), {"head.hidden": 8, "head.penalties.factors": 3.0}).head.penalties
    {'factors': 3.0}
    """

    dimensions: Mapping[str, Dimension]

    def apply(self, config: ExperimentConfig, values: Mapping[str, Value]) -> ExperimentConfig:
        """Copy `config` with other `values` of some keys.

        Raises
        ------
        ConfigError
            If the result is not a valid configuration.
        """
        for key, value in values.items():
            config = _replace(config, key.split("."), value)
        check_config(config)
        return config

    def values_of(self, config: ExperimentConfig) -> dict[str, Value] | None:
        """Values of the keys in `config`; None if `config` is outside the space."""
        values = {key: _lookup(config, key.split(".")) for key in self.dimensions}
        inside = all(
            values[key] is not None and dimension.holds(values[key])
            for key, dimension in self.dimensions.items()
        )
        return values if inside else None

    def as_dict(self) -> dict[str, ChoicesEntry | RangeEntry]:
        """Content in a file."""
        return {key: dimension.as_dict() for key, dimension in self.dimensions.items()}


def read_search_space(path: Path) -> SearchSpace:
    """Read a search space from a YAML file.

    Raises
    ------
    ConfigError
        If a key is unknown (the message has the nearest valid key), a value is not valid for the configuration, or a
        range is empty.
    """
    try:
        content = load_yaml(path)
    except CohortError as error:
        raise ConfigError(str(error)) from None
    if not isinstance(content, dict) or not content:
        raise ConfigError(f"{path}: expected one line per key, such as 'factors.count: {{low: 5, high: 30}}'")
    try:
        return SearchSpace({str(key): _dimension(str(key), entry) for key, entry in content.items()})
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def _dimension(key: str, entry: Any) -> Dimension:
    kind = _kind(key)
    if not isinstance(entry, dict) or ("choices" in entry) == ("low" in entry or "high" in entry):
        raise ConfigError(f"{key}: write {{choices: [...]}} or {{low: ..., high: ...}}")
    dimension = _choices(key, kind, entry) if "choices" in entry else _range(key, kind, entry)
    for value in dimension.ends:
        SearchSpace({}).apply(ExperimentConfig(), {key: value})
    return dimension


def _choices(key: str, kind: type, entry: Mapping[str, object]) -> Choices:
    _check_words(key, entry, ("choices",))
    values = entry["choices"]
    if not isinstance(values, list) or not values:
        raise ConfigError(f"{key}: choices is a list with at least one value")
    choices = tuple(_value(key, kind, value) for value in values)
    if len(set(choices)) < len(choices):
        raise ConfigError(f"{key}: a choice is repeated; remove one")
    return Choices(choices)


def _range(key: str, kind: type, entry: Mapping[str, object]) -> Range:
    _check_words(key, entry, ("low", "high", "log", "step"))
    if kind not in (int, float):
        raise ConfigError(f"{key} is not a number; write {{choices: [...]}}")
    if not {"low", "high"} <= set(entry):
        raise ConfigError(f"{key}: a range has low and high")
    low, high = (_value(key, kind, entry[end]) for end in ("low", "high"))
    log, step = entry.get("log", False), entry.get("step")
    if not isinstance(log, bool):
        raise ConfigError(f"{key}: log is true or false, not {log!r}")
    step = None if step is None else _value(key, kind, step)
    if not low < high:
        raise ConfigError(f"{key}: low is {low:g} and high {high:g}; nothing lies between them")
    if log and (low <= 0 or step is not None):
        raise ConfigError(f"{key}: a log scale begins above 0 and has no step")
    if step is not None and not 0 < step <= high - low:
        raise ConfigError(f"{key}: step is {step:g}; it must be above 0 and at most high - low")
    return Range(low, high, kind is int, log, step)


def _check_words(key: str, entry: Mapping[Any, Any], known: tuple[str, ...]) -> None:
    for word in entry:
        if word not in known:
            raise ConfigError(f"{key}: unknown word '{word}'; {nearest(str(word), known)}")


def _value(key: str, kind: type, value: Any) -> Any:
    """Check that a value has the type of the key; an integer is accepted for a float."""
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind or value in (float("inf"), float("-inf")) or value != value:  # noqa: PLR0124  # NaN
        raise ConfigError(f"{key}: {value!r} is not of type {kind.__name__}")
    return value


def _kind(key: str) -> type:
    """Type of the value of a key."""
    group, _, name = key.partition(".")
    if group in ExperimentConfig.__dataclass_fields__ and group not in GROUPS:
        raise ConfigError(f"'{key}' defines the task and cannot be tuned; keys of {', '.join(GROUPS)} can")
    known = dict(_known())
    first, _, entry = name.partition(".")
    kind = known.get(f"{group}.{first}")
    if kind is None or bool(entry) != (get_origin(kind) is not None):
        valid = sorted(k if get_origin(kind) is None else f"{k}.NAME" for k, kind in known.items())
        raise ConfigError(f"unknown key '{key}'; {nearest_key(key, valid)}")
    value_type: type = get_args(kind)[1] if entry else kind
    return value_type


def _known() -> Iterator[tuple[str, Any]]:
    """Key -> type, for all keys that can be tuned."""
    for group, settings in GROUPS.items():
        for name, kind in get_type_hints(settings).items():
            yield f"{group}.{name}", kind


def _replace(node: Any, path: list[str], value: Value) -> Any:
    if isinstance(node, Mapping):
        return {**node, ".".join(path): value}
    first, *rest = path
    return dataclasses.replace(
        node, **{first: _replace(getattr(node, first), rest, value) if rest else value}
    )


def _lookup(node: Any, path: list[str]) -> Any:
    if isinstance(node, Mapping):
        return node.get(".".join(path))
    first, *rest = path
    return _lookup(getattr(node, first), rest) if rest else getattr(node, first)
