"""Manifest of a folder: the digest of each file, so that a missing or changed file is detected."""

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
    "update_manifest_folder",
    "write_manifest",
]

MANIFEST = "manifest.json"
"""Name of the manifest in its folder."""


def write_manifest(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write ``manifest.json``.

    Parameters
    ----------
    folder
        The folder; the SHA-256 of each of its files is written under ``files``.
    facts
        Further keys of the manifest.
    """
    write_json(folder / MANIFEST, {**facts, "files": digests_of(files_of(folder))})


def update_manifest(folder: Path, name: str) -> None:
    """Update the digest of one file in the manifest of a folder; do nothing where there is no manifest.

    Parameters
    ----------
    folder
        The folder.
    name
        Path of the file in it.
    """
    if (folder / MANIFEST).is_file():
        facts = read_json(folder / MANIFEST)
        facts["files"] = {**facts["files"], name: file_digest(folder / name)}
        write_json(folder / MANIFEST, facts)


def update_manifest_folder(folder: Path, name: str) -> None:
    """Update the digests of all files below one folder, and forget those that are gone.

    Parameters
    ----------
    folder
        The folder with the manifest; nothing is done where there is none.
    name
        Path of the inner folder.
    """
    if (folder / MANIFEST).is_file():
        facts = read_json(folder / MANIFEST)
        others = {key: digest for key, digest in facts["files"].items() if not key.startswith(f"{name}/")}
        inner = {key: path for key, path in files_of(folder).items() if key.startswith(f"{name}/")}
        facts["files"] = others | digests_of(inner)
        write_json(folder / MANIFEST, facts)


def is_complete(folder: Path) -> bool:
    """Whether `folder` has exactly the files that its manifest names, all of them unchanged.

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


def compare_digests(declared: Mapping[str, str], actual: Mapping[str, str]) -> dict[str, str]:
    """List the files that differ from a manifest.

    Parameters
    ----------
    declared
        Name -> digest, of the manifest.
    actual
        Name -> digest, of the files on disk.

    Returns
    -------
    dict of str
        Name -> ``missing``, ``changed`` or ``added``, of the files that differ.

    Examples
    --------
    >>> compare_digests({"a": "1", "b": "2"}, {"b": "3", "c": "4"})
    {'a': 'missing', 'b': 'changed', 'c': 'added'}
    """
    differences = {}
    for name in sorted({*declared, *actual}):
        if name not in actual:
            differences[name] = "missing"
        elif name not in declared:
            differences[name] = "added"
        elif actual[name] != declared[name]:
            differences[name] = "changed"
    return differences


def files_of(folder: Path) -> dict[str, Path]:
    """Name -> file, of all files in `folder` except its manifest."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: path for name, path in names.items() if name != MANIFEST}


def digests_of(files: Mapping[str, Path]) -> dict[str, str]:
    """Name -> SHA-256 of each file."""
    return {name: file_digest(path) for name, path in files.items()}
