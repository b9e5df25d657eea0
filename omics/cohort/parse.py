"""Read ``cohort.yaml`` safely; an unknown key is an error that suggests the closest known key."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from omics.cohort.spec import (
    ENDPOINT_KINDS,
    ArmSpec,
    CohortSpec,
    EndpointSpec,
    ExposureSpec,
    SamplesSpec,
    TumourSizeSpec,
    ViewSpec,
    randomised_word,
)
from omics.cohort.spec_rules import check_endpoint_keys, check_spec
from omics.common.errors import CohortError, nearest
from omics.common.yaml import load_yaml
from omics.events.check_sizes import WEEKS
from omics.events.event_table import HOURS
from omics.events.read_sizes import MILLIMETRES
from omics.events.windows import ALL_EVENTS, FIRST_CYCLE

__all__ = ["load_spec", "parse_spec"]

T = TypeVar("T")

MOST_LABELS = 10

_KINDS: dict[str, type] = {"str": str, "list": list, "bool": bool}
"""Start of an annotation -> type of the value."""


def load_spec(path: Path) -> CohortSpec:
    """Read a ``cohort.yaml``."""
    if not path.is_file():
        raise CohortError(
            "no such file; a cohort is a folder with cohort.yaml", "missing_file", file=str(path)
        )
    content = load_yaml(path)
    try:
        return parse_spec(content, str(path))
    except CohortError as error:
        raise (error if error.column != "positive" else _with_labels(error, content, path)) from None


def _with_labels(error: CohortError, content: Any, path: Path) -> CohortError:
    """Error about a response without a positive value, with the labels of its column."""
    from omics.readers.plain_tables import read_table

    try:
        samples = read_table(path.parent / content["samples"]["file"])
        columns = [e.get("column") for e in content["endpoints"].values() if "positive" not in e]
        column = next(name for name in columns if name in samples)
    except (CohortError, KeyError, TypeError, AttributeError, StopIteration):
        return error
    labels = sorted(map(str, samples[column].dropna().unique()))[:MOST_LABELS]
    sentence = f"{error.sentence}; the labels of {column} are {', '.join(labels)}"
    return CohortError(sentence, "missing_key", file=error.file, column=error.column)


def parse_spec(content: Any, file: str) -> CohortSpec:
    """Convert the content of a ``cohort.yaml`` to a :class:`CohortSpec` and check every key.

    Parameters
    ----------
    content
        Nested dict, as yaml or json gives it.
    file
        Named in errors.

    Returns
    -------
    CohortSpec
        The checked specification.

    Raises
    ------
    CohortError
        If a key is unknown, missing, of a wrong type, or contradicts another one.
    """
    content = _mapping(content, "a cohort", file)
    content["views"] = {
        str(name): _build(ViewSpec, view, f"view '{name}'", file)
        for name, view in _mapping(content.get("views", {}), "views", file).items()
    }
    content["endpoints"] = {
        str(name): _endpoint(str(name), endpoint, file)
        for name, endpoint in _mapping(content.get("endpoints", {}), "endpoints", file).items()
    }
    if content.get("samples") is not None:
        content["samples"] = _build(SamplesSpec, content["samples"], "samples", file)
    if content.get("arm") is not None:
        content["arm"] = _arm(content["arm"], file)
    if content.get("exposure") is not None:
        content["exposure"] = _exposure(content["exposure"], file)
    if content.get("tumour_size") is not None:
        content["tumour_size"] = _tumour_size(content["tumour_size"], file)
    covariates, categories = (_names(key, content.get(key), file) for key in ("covariates", "categories"))
    twice = next((name for place, name in enumerate(covariates) if name in covariates[:place]), None)
    if twice is not None:
        raise CohortError(
            "the covariate is named twice; name it once", "repeated_covariate", file=file, column=str(twice)
        )
    content["covariates"], content["categories"] = tuple(covariates), tuple(categories)
    content["missing"] = _mapping(content.get("missing") or {}, "missing", file)
    spec = _build(CohortSpec, content, "the cohort", file)
    check_spec(spec, file)
    return spec


def _names(key: str, value: Any, file: str) -> list[str]:
    if not isinstance(value or [], list):
        raise CohortError(f"'{key}' is {value!r}, and must be a list", "wrong_type", file=file)
    return [str(name) for name in value or []]


def _arm(content: Any, file: str) -> ArmSpec:
    content = _mapping(content, "arm", file)
    if "randomised" in content:
        content["randomised"] = randomised_word(content["randomised"])
    return _build(ArmSpec, content, "arm", file)


def _exposure(content: Any, file: str) -> ExposureSpec:
    content = _mapping(content, "exposure", file)
    named = _mapping(content.get("covariates") or {}, "exposure: 'covariates'", file)
    content["covariates"] = {str(name): column for name, column in named.items()}
    content["metrics"] = tuple(_names("exposure: metrics", content.get("metrics"), file))
    content["target"] = {
        str(name): _range(str(name), ends, file)
        for name, ends in _mapping(content.get("target") or {}, "exposure: 'target'", file).items()
    }
    exposure = _build(ExposureSpec, content, "exposure", file)
    _check_exposure(exposure, file)
    return exposure


def _range(measure: str, ends: Any, file: str) -> tuple[float, float]:
    """Read the wanted range of a measure of exposure."""
    two = isinstance(ends, list | tuple) and len(ends) == 2  # noqa: PLR2004  # low and high
    numbers = two and all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends)
    if not numbers or not 0 <= ends[0] < ends[1] < float("inf"):
        sentence = f"exposure: the target of {measure} is {ends!r}; write its lowest and highest value"
        raise CohortError(f"{sentence}, such as [400, 600]", "bad_target", file=file, column="target")
    low, high = map(float, ends)
    if measure.startswith("t_above") and high > 1:
        sentence = f"exposure: the target of {measure} is {ends!r}, and a share of time is between 0 and 1"
        raise CohortError(sentence, "bad_target", file=file, column="target")
    return low, high


def _check_exposure(exposure: ExposureSpec, file: str) -> None:
    metrics, unit, window = exposure.metrics, exposure.time_unit, exposure.window
    if not metrics or len(set(metrics)) < len(metrics):
        sentence = f"exposure: 'metrics' is {list(metrics)}; name measures of exposure, each once"
        raise CohortError(sentence, "missing_key", file=file, column="metrics")
    for name in exposure.target:
        if name not in metrics:
            sentence = (
                f"exposure: 'target' has {name}, which is not among 'metrics'; {nearest(name, metrics)}"
            )
            raise CohortError(sentence, "unknown_choice", file=file, column="target")
    for name, column in exposure.covariates.items():
        if not isinstance(column, str):
            sentence = f"exposure: the covariate {name} is {column!r}, and must be the name of a column"
            raise CohortError(sentence, "wrong_type", file=file)
    if unit not in HOURS:
        sentence = f"exposure: unknown time_unit '{unit}'; {nearest(str(unit), HOURS)}"
        raise CohortError(sentence, "unknown_choice", file=file, column="time_unit")
    if window not in (FIRST_CYCLE, ALL_EVENTS) and not _is_positive(window):
        allowed = f"{FIRST_CYCLE}, {ALL_EVENTS}, or its end in {unit}"
        sentence = f"exposure: 'window' is {window!r}, and must be {allowed}"
        raise CohortError(sentence, "bad_window", file=file, column="window")


def _tumour_size(content: Any, file: str) -> TumourSizeSpec:
    block = _build(TumourSizeSpec, content, "tumour_size", file)
    for key, value, choices in (("unit", block.unit, MILLIMETRES), ("time_unit", block.time_unit, WEEKS)):
        if value not in choices:
            sentence = f"tumour_size: unknown {key} '{value}'; {nearest(str(value), choices)}"
            raise CohortError(sentence, "unknown_choice", file=file, column=key)
    if block.below is not None and not _is_positive(block.below):
        sentence = f"tumour_size: 'below' is {block.below!r}, and must be a size above 0"
        raise CohortError(sentence, "wrong_type", file=file, column="below")
    return block


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


def _endpoint(name: str, content: Any, file: str) -> EndpointSpec:
    content = _mapping(content, f"endpoint '{name}'", file)
    content.setdefault("kind", name)
    endpoint = _build(EndpointSpec, content, f"endpoint '{name}'", file)
    if endpoint.kind not in ENDPOINT_KINDS:
        raise CohortError(
            f"endpoint '{name}' is of unknown kind '{endpoint.kind}'; "
            f"{nearest(endpoint.kind, ENDPOINT_KINDS)}",
            "unknown_kind",
            file=file,
        )
    needed = ("time", "event") if endpoint.kind == "survival" else ("column",)
    for key in needed:
        if getattr(endpoint, key) is None:
            raise CohortError(
                f"endpoint '{name}' lacks the key '{key}'", "missing_key", file=file, column=key
            )
    check_endpoint_keys(name, endpoint, file)
    return endpoint


def _mapping(content: Any, what: str, file: str) -> dict[str, object]:
    if not isinstance(content, Mapping):
        raise CohortError(f"{what} must be a mapping of keys to values", "not_a_mapping", file=file)
    return dict(content)


def _build(kind: type[T], content: Any, what: str, file: str) -> T:
    if isinstance(content, kind):
        return content
    content = _mapping(content, what, file)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]  # T is a dataclass
    for key in content:
        if key not in fields:
            raise CohortError(
                f"{what}: unknown key '{key}'; {nearest(str(key), fields)}", "unknown_key", file=file
            )
        _check_type(f"{what}: '{key}'", content[key], str(fields[key].type), file)
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and content.get(name) is None:
            raise CohortError(f"{what} lacks the key '{name}'", "missing_key", file=file, column=name)
    return kind(**content)


def _check_type(what: str, value: Any, annotation: str, file: str) -> None:
    kind = next((kind for start, kind in _KINDS.items() if annotation.startswith(start)), None)
    allowed = value is None and annotation.endswith("None")
    if kind is not None and not allowed and not isinstance(value, kind):
        wanted = {str: "text", list: "a list", bool: "true or false"}[kind]
        raise CohortError(f"{what} is {value!r}, and must be {wanted}", "wrong_type", file=file)
