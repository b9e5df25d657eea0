"""Dataclasses as JSON, and back, checked against their types."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints, is_typeddict

import numpy as np
import pandas as pd

from omics.common.errors import InputError
from omics.common.files import JsonObject

__all__ = ["from_json", "to_json"]

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """Convert a dataclass, or a part of one, to JSON; a number that is not finite becomes null.

    The metadata of a field may say ``stored=False`` (it is left out) or ``flat`` (its
    keys are among those of the object that holds it).
    """
    if is_dataclass(value):
        content: JsonObject = {}
        for field in _stored(type(value)):
            part = to_json(getattr(value, field.name))
            if field.metadata.get("flat"):
                content |= part or {}
            else:
                content[field.name] = part
        return content
    if isinstance(value, pd.DataFrame):
        return to_json(value.to_dict(orient="split"))
    if isinstance(value, Mapping):
        return {str(key): to_json(part) for key, part in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [to_json(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def from_json(kind: type[T], content: Any) -> T:
    """Convert JSON to a dataclass, or a part of one: the inverse of :func:`to_json`.

    Parameters
    ----------
    kind
        Type of the result.
    content
        JSON.

    Returns
    -------
    object
        Of that type; a null where a number belongs becomes NaN.

    Raises
    ------
    InputError
        If a key is missing or unknown, or a value has another type.

    Examples
    --------
    >>> from omics.cohort.spec import SamplesSpec
    >>> from_json(SamplesSpec, to_json(SamplesSpec("outcome.csv")))
    SamplesSpec(file='outcome.csv', id='sample_id', sheet=None, format=None)
    """
    return cast("T", _value(kind, content, kind.__name__))


def _value(kind: Any, content: Any, name: str) -> Any:
    """Convert the content of key `name`."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is float and content is None:
        return math.nan
    if is_dataclass(kind) or kind is pd.DataFrame:
        return _object(kind, content)
    if origin in (Union, UnionType):
        others = [one for one in inner if one is not NoneType]
        absent = content is None and NoneType in inner
        # JSON distinguishes two plain types, such as number or text, by itself.
        return content if absent or len(others) > 1 else _value(others[0], content, name)
    if origin in (list, tuple):
        return origin(_value(inner[0], part, name) for part in _checked(content, list, name))
    if origin is not None and issubclass(origin, Mapping):
        to_key = float if inner[0] is float else str
        parts = _checked(content, dict, name)
        return {to_key(key): _value(inner[1], part, name) for key, part in parts.items()}
    plain: Any = int | float if kind is float else dict if is_typeddict(kind) else kind
    return content if kind is Any else _checked(content, plain, name)


def _checked(content: Any, kind: Any, name: str) -> Any:
    if not isinstance(content, kind):
        raise InputError(f"'{name}' holds {str(content)[:40]!r}, which has another type")
    return content


def _object(kind: Any, content: Any) -> Any:
    content = _checked(content, dict, kind.__name__)
    if kind is pd.DataFrame:
        return pd.DataFrame(**content)
    missing = {field.name for field in _stored(kind) if _required(field)} - set(content)
    if wrong := sorted((set(content) - set(_keys(kind))) | missing):
        raise InputError(f"not a {kind.__name__}: {', '.join(wrong)} missing or unknown")
    return _parsed(kind, content)


def _parsed(kind: Any, content: JsonObject) -> Any:
    """Build an object from its keys, and its flat parts from theirs."""
    hints, parts = _hints(kind), {}
    for field in _stored(kind):
        hint = hints[field.name]
        if field.metadata.get("flat"):
            [part] = [one for one in (get_args(hint) or (hint,)) if one is not NoneType]
            required = {one.name for one in _stored(part) if _required(one)}
            absent = NoneType in get_args(hint) and not required & set(content)
            parts[field.name] = None if absent else _parsed(part, content)
        elif field.name in content:
            parts[field.name] = _value(hint, content[field.name], field.name)
    try:
        return kind(**parts)
    except TypeError:
        raise InputError(f"not a {kind.__name__}: it is incomplete") from None


def _required(field: Field[Any]) -> bool:
    defaults = field.default is not MISSING or field.default_factory is not MISSING
    return not defaults and not field.metadata.get("flat")


def _stored(kind: Any) -> Iterator[Field[Any]]:
    return (field for field in fields(kind) if field.metadata.get("stored", True))


def _keys(kind: Any) -> Iterator[str]:
    """All keys of an object in JSON, those of flat parts included."""
    for field in _stored(kind):
        if field.metadata.get("flat"):
            hint = _hints(kind)[field.name]
            for part in get_args(hint) or (hint,):
                yield from () if part is NoneType else _keys(part)
        else:
            yield field.name


@cache
def _hints(kind: Any) -> dict[str, object]:
    return get_type_hints(kind)
