"""Store what an enrichment finds in its run, and read it back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from omics.common.errors import InputError
from omics.common.files import SCHEMA_VERSION, JsonObject, read_json, write_json, write_together
from omics.common.json_objects import from_json, to_json
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
    "load_design",
    "load_enrichment",
    "load_explorer",
    "load_subgroup",
    "save_design",
    "save_enrichment",
    "save_subgroup",
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
