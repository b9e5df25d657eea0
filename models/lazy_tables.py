"""Long tables in parts, which are read when needed and not kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import pandas as pd

__all__ = ["LazyTables", "table_parts"]

Read = Callable[[], pd.DataFrame]


class LazyTables(Mapping[str, pd.DataFrame]):
    """Name -> table, concatenated from its parts at each access.

    The survival curves of many repeats and methods would otherwise need most of the memory of a run.

    Examples
    --------
    >>> halves = [lambda: pd.DataFrame({"time": [1.0]}), lambda: pd.DataFrame({"time": [2.0]})]
    >>> list(LazyTables({"survival": halves})["survival"]["time"])
    [1.0, 2.0]
    """

    def __init__(self, parts: Mapping[str, Sequence[Read]]) -> None:
        self.parts = {name: list(reads) for name, reads in parts.items()}

    def __getitem__(self, name: str) -> pd.DataFrame:
        tables = [read() for read in self.parts[name]]
        return tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)

    def __contains__(self, name: object) -> bool:
        return name in self.parts

    def __iter__(self) -> Iterator[str]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)


def table_parts(tables: Mapping[str, pd.DataFrame], name: str) -> list[Read]:
    """Functions that read the parts of a table; a table in memory is a single part.

    Parameters
    ----------
    tables
        The tables.
    name
        Name of the table.

    Returns
    -------
    list of callable
        Each call reads one part.
    """
    return tables.parts[name] if isinstance(tables, LazyTables) else [partial(_read, tables, name)]


def _read(tables: Mapping[str, pd.DataFrame], name: str) -> pd.DataFrame:
    return tables[name]
