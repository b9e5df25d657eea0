"""A folder that says what its files are, and is believed as long as they are just that."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omics.common.errors import InputError
from omics.common.files import file_digest, read_json, write_json

__all__ = [
    "MANIFEST",
    "compare_digests",
    "digests_of",
    "files_of",
    "is_complete",
    "update_manifest",
    "write_manifest",
]

MANIFEST = "manifest.json"


def write_manifest(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write ``manifest.json``: `facts`, and under ``files`` the SHA-256 of each file that is in `folder`."""
    write_json(folder / MANIFEST, {**facts, "files": digests_of(files_of(folder))})


def update_manifest(folder: Path, name: str) -> None:
    """Have the manifest of `folder` name a file as it now is, where there is a manifest."""
    if (folder / MANIFEST).is_file():
        facts = read_json(folder / MANIFEST)
        facts["files"] = {**facts["files"], name: file_digest(folder / name)}
        write_json(folder / MANIFEST, facts)


def is_complete(folder: Path) -> bool:
    """Whether every file of `folder` is the one that its manifest names, and no other is there.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> is_complete(folder)
    False
    >>> _ = (folder / "a").write_text("1")
    >>> write_manifest(folder, {})
    >>> is_complete(folder)
    True
    >>> _ = (folder / "a").write_text("2")
    >>> is_complete(folder)
    False
    """
    try:
        declared = read_json(folder / MANIFEST).get("files")
    except InputError:
        return False
    return isinstance(declared, dict) and not compare_digests(declared, digests_of(files_of(folder)))


def compare_digests(declared: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """Name -> ``missing``, ``changed`` or ``added``, of what differs.

    Examples
    --------
    >>> compare_digests({"a": "1", "b": "2"}, {"b": "3", "c": "4"})
    {'a': 'missing', 'b': 'changed', 'c': 'added'}
    """
    said = {}
    for name in sorted({*declared, *found}):
        if name not in found:
            said[name] = "missing"
        elif name not in declared:
            said[name] = "added"
        elif found[name] != declared[name]:
            said[name] = "changed"
    return said


def files_of(folder: Path) -> dict[str, Path]:
    """Name -> file, of all files in `folder` but its manifest."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: path for name, path in names.items() if name != MANIFEST}


def digests_of(files: Mapping[str, Path]) -> dict[str, str]:
    """Name -> SHA-256 of each file."""
    return {name: file_digest(path) for name, path in files.items()}
