"""Which releases of which packages a run rests on."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires, version

from stratomics import __version__

__all__ = ["package_versions"]


def package_versions() -> dict[str, str]:
    """Name -> installed version of stratomics and of every package that it requires at run time.

    Examples
    --------
    >>> list(package_versions())[:3]
    ['stratomics', 'anndata', 'h5py']
    """
    found = {"stratomics": __version__}
    for requirement in requires("stratomics") or ():
        name = re.match(r"[\w.-]+", requirement)
        # What only an extra asks for may be absent, and nothing of a run rests on it.
        if name is not None and "extra ==" not in requirement:
            found[name[0]] = _installed(name[0])
    return found


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
