"""What an enrichment leaves in its run: the rule, the trial, the whole answer; all of them or none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from omics.common.files import SCHEMA_VERSION, read_json, write_together
from stratomics.enrichment.analysis import lock
from stratomics.enrichment.selection.subgroup import Subgroup
from stratomics.runs.run_directory import RunDirectory

__all__ = ["ANSWER", "DESIGN", "EXPLORER", "RULE", "load_enrichment", "load_explorer", "save_enrichment"]

RULE, DESIGN, ANSWER, EXPLORER = "subgroup.json", "design.json", "enrichment.json", "explorer.json"


def save_enrichment(run: RunDirectory, answer: Mapping[str, Any]) -> list[str]:
    """Write ``subgroup.json``, ``design.json`` (where a trial can be planned), ``enrichment.json``, ``explorer.json``.

    A rule that is locked stays: where another one is, nothing is written, and the sentence says so.

    Returns
    -------
    list of str
        That sentence, if any.
    """
    if "subgroup" not in answer:
        write_together({run.path / ANSWER: _bytes(answer)}, [])
        return []
    rule, place = lock(answer), run.path / RULE
    if place.exists() and not (locked := Subgroup.load(place)).same_rule(rule):
        held = f"{place.name} holds another rule, locked before ({locked.label}), and keeps it; nothing is written"
        return [f"{held}; remove the file to lock this one"]
    design = answer["plan"]["design"]
    contents = {place: _bytes(rule.content())}
    if design is not None:
        contents[run.path / DESIGN] = _bytes(design)
    told = dict(answer)
    contents[run.path / EXPLORER] = _bytes(told.pop("explorer"), indent=None)
    contents[run.path / ANSWER] = _bytes(told)
    write_together(contents, [] if design is not None else [run.path / DESIGN])
    return []


def load_enrichment(run: RunDirectory) -> dict[str, Any] | None:
    """Read ``enrichment.json``; None of a run that nobody has looked at so."""
    place = run.path / ANSWER
    return read_json(place) if place.exists() else None


def load_explorer(run: RunDirectory) -> dict[str, Any] | None:
    """Read ``explorer.json``; None of a run without a rule, or of an earlier release."""
    place = run.path / EXPLORER
    return read_json(place) if place.exists() else None


def _bytes(content: Mapping[str, Any], indent: int | None = 2) -> bytes:
    body = {"schema_version": SCHEMA_VERSION, **_plain(content)}
    return (json.dumps(body, indent=indent, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _plain(value: Any) -> Any:
    """Plain numbers and text; what is not known is null, since json has no NaN."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
