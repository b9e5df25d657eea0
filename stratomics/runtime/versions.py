"""The versions of packages and the source text that the results of a run depend on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

from stratomics.runtime.register import entries_of, registered

__all__ = ["PACKAGES", "PROJECT", "code_digest", "code_digests", "package_versions"]

PACKAGES = ("omics", "datamodules", "models", "stratomics")
"""The import packages of the project."""

PROJECT = "stratomics"
"""Name of the project among versions and digests; it stands for all four packages."""

SOURCE = (".py", ".j2", ".css", ".js")
"""Endings of source files: code, and the templates of reports."""


def package_versions() -> dict[str, str]:
    """Look up the installed version of stratomics and of each package that it requires at run time.

    Examples
    --------
    >>> list(package_versions())[:3]
    ['stratomics', 'anndata', 'h5py']
    """
    versions = {PROJECT: version(PROJECT)}
    for requirement in requires(PROJECT) or ():
        name = re.match(r"[\w.-]+", requirement)
        # A package of an extra may be absent, and no result of a run depends on it.
        if name is not None and "extra ==" not in requirement:
            versions[name[0]] = _installed(name[0])
    return versions


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def code_digests() -> dict[str, str]:
    """Digest of the source text of the project and of each module that the user has registered.

    Returns
    -------
    dict
        ``stratomics`` -> SHA-256 of the four packages; name of a top-level module -> SHA-256, for each module outside
        these packages to which an entry of a registry points.
    """
    modules = {entry.partition(":")[0].partition(".")[0] for entry in entries_of(registered())}
    return {name: code_digest(name) for name in (PROJECT, *sorted(modules.difference(PACKAGES)))}


@cache
def code_digest(name: str) -> str:
    """SHA-256 of the source text of a module or package, or ``absent`` if it is not importable.

    The digest covers the names and contents of all Python files and templates, and no compiled file: an editable
    installation and an installed wheel of the same source have the same digest. It is computed once per process.

    Parameters
    ----------
    name
        Top-level module, or PROJECT for all four packages.
    """
    packages = PACKAGES if name == PROJECT else (name,)
    places = {package: _place(package) for package in packages}
    if any(place is None for place in places.values()):
        return "absent"
    total = hashlib.sha256()
    for package, place in places.items():
        assert place is not None
        for path in _source_files(place):
            label = package if path == place else f"{package}/{path.relative_to(place).as_posix()}"
            total.update(f"{label}\n{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def _place(name: str) -> Path | None:
    """File of a module or folder of a package; None if there is none."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None or not (spec.submodule_search_locations or spec.has_location):
        return None
    return Path(next(iter(spec.submodule_search_locations or [str(spec.origin)])))


def _source_files(place: Path) -> Iterable[Path]:
    """Source files at `place`, in the order of their names."""
    if place.is_file():
        return [place]
    return sorted(path for ending in SOURCE for path in place.rglob(f"*{ending}"))
