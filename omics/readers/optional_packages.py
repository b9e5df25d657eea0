"""Libraries that only some formats need: imported then, their absence answered with the pip command."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from omics.common.errors import InputError

__all__ = ["require"]


def require(module: str, extra: str, what: str) -> Any:
    """Import `module`, or say which extra brings it.

    Raises
    ------
    InputError
        With the exact command to install the extra.

    Examples
    --------
    >>> require("json", "vcf", "VCF").__name__
    'json'
    """
    try:
        return import_module(module)
    except ImportError:
        raise InputError(
            f"{what} files need the package '{module.partition('.')[0]}'; "
            f"bring it with: pip install 'stratomics[{extra}]'"
        ) from None
