"""Registries: tables of names that point to objects, which are imported only when they are used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from omics.common.errors import ConfigError, nearest

__all__ = ["all_entries", "check_choice", "lazy_getattr", "resolve"]


def check_choice(table: Mapping[str, Any], name: str, what: str) -> None:
    """Check that a registry has a name.

    Parameters
    ----------
    table
        The registry.
    name
        The name to check.
    what
        What the registry lists, for the error, such as ``"head"``.

    Raises
    ------
    ConfigError
        If `name` is not in `table`; the error suggests the closest name.
    """
    if name not in table:
        raise ConfigError(f"unknown {what} '{name}'; {nearest(name, table)}")


def resolve(table: Mapping[str, str], name: str, what: str) -> Any:
    """Import the object that a name of a registry points to.

    Parameters
    ----------
    table
        Registry: name -> ``"module:attribute"``.
    name
        The name.
    what
        What the registry lists, for errors, such as ``"head"``.

    Returns
    -------
    object
        The attribute of the module.

    Raises
    ------
    ConfigError
        If `name` is not in `table`, or the module or its attribute does not exist.

    Examples
    --------
    >>> resolve({"pi": "math:pi"}, "pi", "number")
    3.141592653589793
    """
    check_choice(table, name, what)
    module_name, _, attribute = table[name].partition(":")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        # The entry is right if the missing module is another one, which the named module imports.
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise ConfigError(
            f"{what} '{name}' is {table[name]}, and this process finds no module '{error.name}'; put its folder on "
            "the path"
        ) from None
    if not hasattr(module, attribute):
        raise ConfigError(
            f"{what} '{name}' is {table[name]}, and {module_name} has no '{attribute}'; correct the entry"
        )
    return getattr(module, attribute)


def lazy_getattr(package: str, table: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package, which imports a name when it is first used (PEP 562).

    Parameters
    ----------
    package
        Name of the package, for errors.
    table
        Name -> ``"module:attribute"``.

    Returns
    -------
    callable
        Name -> object; raises AttributeError for a name that is not in `table`.

    Examples
    --------
    >>> lazy_getattr("maths", {"pi": "math:pi"})("pi")
    3.141592653589793
    """

    def getattr_of_package(name: str) -> Any:
        if name not in table:
            raise AttributeError(f"{package} has no '{name}'; {nearest(name, table)}")
        return resolve(table, name, "name")

    return getattr_of_package


def all_entries(tables: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Join registries that are kept by kind of endpoint into one; their names differ.

    Examples
    --------
    >>> all_entries({"survival": {"ibs": "m:IBS"}, "response": {"brier": "m:BRIER"}})
    {'ibs': 'm:IBS', 'brier': 'm:BRIER'}
    """
    return {name: where for table in tables.values() for name, where in table.items()}
