"""stratomics: from a multi-omics cohort to calibrated predictions and a trial design.

Names are imported when they are first used (PEP 562), so that ``import stratomics`` loads neither torch nor scanpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_NAMES = {
    "InputError": "omics.common.errors",
    "Panel": "stratomics.api.panel",
    "Run": "stratomics.api.run",
    "Stratifier": "stratomics.api.stratifier",
    "Subtypes": "stratomics.strata.groups.subtypes",
    "check": "stratomics.api.check",
    "cohort": "stratomics.api.cohort",
    "enrich": "stratomics.api.enrichment",
    "explain": "stratomics.api.explain",
    "open_run": "stratomics.api.run",
    "read_cohort": "stratomics.api.cohort",
    "register": "stratomics.api.register",
    "run": "stratomics.api.run",
    "settings": "stratomics.api.settings",
    "simulate": "stratomics.api.simulate",
    "transport": "stratomics.api.transport",
    "twin": "stratomics.api.tools.twin",
    "write_cohort": "omics.cohort.write",
}
"""Name -> the module that defines it."""

_MODULES = {name: f"stratomics.api.{name}" for name in ("datasets", "get", "pgx", "pl", "pp", "tl")}
"""Name -> module."""

__all__ = [
    "InputError",
    "Panel",
    "Run",
    "Stratifier",
    "Subtypes",
    "__version__",
    "check",
    "cohort",
    "datasets",
    "enrich",
    "explain",
    "get",
    "open_run",
    "pgx",
    "pl",
    "pp",
    "read_cohort",
    "register",
    "run",
    "settings",
    "simulate",
    "tl",
    "transport",
    "twin",
    "write_cohort",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name in _NAMES:
        return getattr(import_module(_NAMES[name]), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("stratomics")
    from omics.common.errors import nearest

    raise AttributeError(f"module 'stratomics' has no attribute '{name}'; {nearest(name, __all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
