"""Import libraries that only some formats need; the error for a missing one gives the pip command."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from omics.common.errors import InputError

__all__ = ["require_package"]


def require_package(module: str, extra: str, what: str) -> Any:
    """Import a module of an optional package.

    Parameters
    ----------
    module
        The module.
    extra
        The extra of stratomics that installs it.
    what
        The format that needs it, for the error.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    InputError
        If the package is missing; the error gives the command to install it.

    Examples
    --------
    >>> require_package("json", "vcf", "VCF").__name__
    'json'
    """
    try:
        return import_module(module)
    except ImportError:
        raise InputError(
            f"{what} files need the package '{module.partition('.')[0]}'; "
            f"install it with: pip install 'stratomics[{extra}]'"
        ) from None
