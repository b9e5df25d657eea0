"""Tables of names: looking a name up imports nothing else than what it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from omics.common.errors import ConfigError, nearest

__all__ = ["all_entries", "check_choice", "lazy_getattr", "resolve"]


def check_choice(table: Mapping[str, Any], name: str, what: str) -> None:
    """Raise :class:`ConfigError` with the nearest right word unless `name` is in `table`."""
    if name not in table:
        raise ConfigError(f"unknown {what} '{name}'; {nearest(name, table)}")


def resolve(table: Mapping[str, str], name: str, what: str) -> Any:
    """Import and hand over what ``table[name]``, written ``"module:attribute"``, points to.

    Raises
    ------
    ConfigError
        If `name` is not in `table`, or if nothing is where it points to.

    Examples
    --------
    >>> resolve({"pi": "math:pi"}, "pi", "number")
    3.141592653589793
    """
    check_choice(table, name, what)
    module, _, attribute = table[name].partition(":")
    try:
        there = import_module(module)
    except ModuleNotFoundError as error:
        # A module that it imports itself, and that is missing, is no fault of the entry.
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise ConfigError(
            f"{what} '{name}' is {table[name]}, and this process finds no module '{error.name}'; put its folder on "
            "the path"
        ) from None
    if not hasattr(there, attribute):
        raise ConfigError(
            f"{what} '{name}' is {table[name]}, and {module} has no '{attribute}'; correct the entry"
        )
    return getattr(there, attribute)


def lazy_getattr(package: str, table: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package that hands on the names of `table`, each when it is asked for (PEP 562).

    Examples
    --------
    >>> lazy_getattr("maths", {"pi": "math:pi"})("pi")
    3.141592653589793
    """

    def handed_on(name: str) -> Any:
        if name not in table:
            raise AttributeError(f"{package} has no '{name}'; {nearest(name, table)}")
        return resolve(table, name, "name")

    return handed_on


def all_entries(tables: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Join tables kept by kind of endpoint into one; no name stands in two of them.

    Examples
    --------
    >>> all_entries({"survival": {"ibs": "m:IBS"}, "response": {"brier": "m:BRIER"}})
    {'ibs': 'm:IBS', 'brier': 'm:BRIER'}
    """
    return {name: where for table in tables.values() for name, where in table.items()}
