"""stratomics: from a multi-omics cohort to calibrated predictions and a trial design."""

from __future__ import annotations

__version__: str
"""Installed version, read from the metadata of the package when it is first asked for (PEP 562)."""


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version

        return version("stratomics")
    raise AttributeError(f"module 'stratomics' has no attribute '{name}'")
