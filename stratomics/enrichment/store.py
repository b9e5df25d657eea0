"""Store what an enrichment finds in its run, and read it back; the only place where results become JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from omics.common.errors import InputError
from omics.common.files import SCHEMA_VERSION, JsonObject, read_json, write_json, write_together
from stratomics.enrichment.design.trial_design import TrialDesign
from stratomics.enrichment.plan.explorer_table import ExplorerTable
from stratomics.enrichment.result import AnyEnrichment, EnrichmentResult, PrognosticResult
from stratomics.enrichment.selection.subgroup import Subgroup
from stratomics.runs.run_directory import RunDirectory

__all__ = [
    "DESIGN",
    "ENRICHMENT",
    "EXPLORER",
    "SUBGROUP",
    "from_json",
    "load_design",
    "load_enrichment",
    "load_explorer",
    "load_subgroup",
    "save_design",
    "save_enrichment",
    "save_subgroup",
    "to_json",
]

SUBGROUP, DESIGN, ENRICHMENT, EXPLORER = "subgroup.json", "design.json", "enrichment.json", "explorer.json"

T = TypeVar("T")


def save_enrichment(run: RunDirectory, result: AnyEnrichment) -> tuple[str, ...]:
    """Write ``subgroup.json``, ``design.json`` (if a trial can be planned), ``enrichment.json``, ``explorer.json``.

    All are written or none. A locked rule is never replaced: if the run holds another rule, nothing is written.

    Parameters
    ----------
    run
        A finished run.
    result
        What was found in it.

    Returns
    -------
    tuple of str
        A sentence that says why nothing was written; empty otherwise.
    """
    place = run.path / ENRICHMENT
    if isinstance(result, PrognosticResult) or result.run is None:
        write_together({place: _bytes(to_json(result))}, [])
        return ()
    rule, design = run.path / SUBGROUP, result.run.plan.design
    if rule.exists() and not (locked := load_subgroup(rule)).same_rule(result.subgroup):
        held = f"{rule.name} holds another rule, locked before ({locked.label}), and keeps it; nothing is written"
        return (f"{held}; remove the file to lock this one",)
    contents = {rule: _bytes(_subgroup_json(result.subgroup))}
    if design is not None:
        contents[run.path / DESIGN] = _bytes(to_json(design))
    contents[run.path / EXPLORER] = _bytes(to_json(result.run.explorer), indent=None)
    contents[place] = _bytes(to_json(result))
    write_together(contents, [] if design is not None else [run.path / DESIGN])
    return ()


def load_enrichment(run: RunDirectory) -> AnyEnrichment | None:
    """Read ``enrichment.json``; None for a run that ``stratomics enrich`` has not analysed."""
    place = run.path / ENRICHMENT
    if not place.exists():
        return None
    content = read_json(place)
    kind: type[AnyEnrichment] = PrognosticResult if "prognostic" in content else EnrichmentResult
    return _read(place, kind, content)


def load_explorer(run: RunDirectory) -> ExplorerTable | None:
    """Read ``explorer.json``; None for a run without a locked rule."""
    place = run.path / EXPLORER
    return _read(place, ExplorerTable, read_json(place)) if place.exists() else None


def save_subgroup(path: Path, rule: Subgroup) -> None:
    """Write a rule, as ``subgroup.json`` holds it.

    Parameters
    ----------
    path
        File to write.
    rule
        The rule.
    """
    write_json(path, _subgroup_json(rule))


def load_subgroup(path: Path) -> Subgroup:
    """Read a rule that was locked."""
    content = read_json(path)
    content.pop("status", None)
    return _read(path, Subgroup, content)


def save_design(path: Path, design: TrialDesign) -> None:
    """Write a design, as ``design.json`` holds it.

    Parameters
    ----------
    path
        File to write.
    design
        The design.
    """
    write_json(path, to_json(design))


def load_design(path: Path) -> TrialDesign:
    """Read a design that was stored."""
    return _read(path, TrialDesign, read_json(path))


def _subgroup_json(rule: Subgroup) -> JsonObject:
    return {**to_json(rule), "status": rule.status}


def _bytes(content: JsonObject, indent: int | None = 2) -> bytes:
    body = {"schema_version": SCHEMA_VERSION, **content}
    return (json.dumps(body, indent=indent, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _read(path: Path, kind: type[T], content: JsonObject) -> T:
    try:
        return from_json(kind, content)
    except InputError as error:
        raise InputError(f"{path}: {error}; restore the file, or enrich the run again") from None


def to_json(value: Any) -> Any:
    """Convert a result, or a part of one, to JSON; a number that is not finite becomes null.

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
    if isinstance(value, Mapping):
        return {str(key): to_json(part) for key, part in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [to_json(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def from_json(kind: type[T], content: Any) -> T:
    """Convert JSON to a result, or a part of one: the inverse of :func:`to_json`.

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
    >>> from stratomics.enrichment.effects.effect import Effect
    >>> from_json(Effect, to_json(Effect(0.5, 0.4, 0.6, 0.1)))
    Effect(estimate=0.5, low=0.4, high=0.6, se=0.1)
    """
    return cast("T", _value(kind, content, kind.__name__))


def _value(kind: Any, content: Any, name: str) -> Any:
    """Convert the content of key `name`."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is float and content is None:
        return math.nan
    if is_dataclass(kind):
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
    return content if kind is Any else _checked(content, int | float if kind is float else kind, name)


def _checked(content: Any, kind: Any, name: str) -> Any:
    if not isinstance(content, kind):
        raise InputError(f"'{name}' holds {str(content)[:40]!r}, which has another type")
    return content


def _object(kind: Any, content: Any) -> Any:
    content = _checked(content, dict, kind.__name__)
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
