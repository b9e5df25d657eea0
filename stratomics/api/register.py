"""Add an entry to a registry at run time: a modality, a factor model, a head, a candidate, a metric, ..."""

from __future__ import annotations

from omics.common.errors import ConfigError
from omics.common.registry import check_choice, resolve
from stratomics.runtime.register import REGISTRIES

__all__ = ["register"]


def register(kind: str, name: str, where: str) -> None:
    """Add an entry to a registry, for this process and the processes that it starts.

    Parameters
    ----------
    kind
        Registry: ``"modality"``, ``"file_format"``, ``"split_design"``, ``"step_of_harmonization"``,
        ``"factor_model"``, ``"control"``; and ``"survival_head"``, ``"response_head"``, and the same for ``candidate``
        and ``metric``, which depend on the kind of endpoint.
    name
        Name of the entry in ``cohort.yaml`` or in a configuration.
    where
        ``"module:object"``; the module must be importable, because worker processes import it again.

    Raises
    ------
    ConfigError
        If the registry does not exist, the name is taken, or the object cannot be imported.

    Examples
    --------
    >>> register("modality", "radiomics", "omics.modalities.generic:GENERIC")
    >>> from omics.modalities import MODALITIES
    >>> MODALITIES.pop("radiomics")
    'omics.modalities.generic:GENERIC'
    """
    tables = _tables()
    check_choice(tables, kind, "registry")
    table, what = tables[kind], kind.replace("_", " ")
    if name in table:
        raise ConfigError(f"{what} '{name}' exists already, as {table[name]}; choose another name")
    if not isinstance(where, str) or ":" not in where:
        raise ConfigError(
            f"{what} '{name}' is {where!r}; write 'module:object', the place of its code in a module"
        )
    resolve({name: where}, name, what)
    table[name] = where


def _tables() -> dict[str, dict[str, str]]:
    """Name of a registry -> its table; registries by kind of endpoint have one table per kind."""
    tables: dict[str, dict[str, str]] = {}
    for what in REGISTRIES:
        table, word = resolve(REGISTRIES, what, "registry"), what.replace(" ", "_")
        if all(isinstance(entry, str) for entry in table.values()):
            tables[word] = table
        else:
            tables |= {f"{endpoint}_{word}": entries for endpoint, entries in table.items()}
    return tables
