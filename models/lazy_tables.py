"""Long tables that lie elsewhere in pieces, and take memory only while somebody looks at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import pandas as pd

__all__ = ["LazyTables", "table_parts"]

Read = Callable[[], pd.DataFrame]


class LazyTables(Mapping[str, pd.DataFrame]):
    """Name -> table, put together from its pieces whenever it is asked for.

    Curves of several repeats, of a dozen methods, would otherwise be the most that a run has in memory.

    Examples
    --------
    >>> halves = [lambda: pd.DataFrame({"time": [1.0]}), lambda: pd.DataFrame({"time": [2.0]})]
    >>> list(LazyTables({"survival": halves})["survival"]["time"])
    [1.0, 2.0]
    """

    def __init__(self, pieces: Mapping[str, Sequence[Read]]) -> None:
        self.pieces = {name: list(reads) for name, reads in pieces.items()}

    def __getitem__(self, name: str) -> pd.DataFrame:
        read = [one() for one in self.pieces[name]]
        return read[0] if len(read) == 1 else pd.concat(read, ignore_index=True)

    def __contains__(self, name: object) -> bool:
        return name in self.pieces

    def __iter__(self) -> Iterator[str]:
        return iter(self.pieces)

    def __len__(self) -> int:
        return len(self.pieces)


def table_parts(tables: Mapping[str, pd.DataFrame], name: str) -> list[Read]:
    """Give what reads the pieces of a table, one after the other; one that is in memory is a single piece."""
    return tables.pieces[name] if isinstance(tables, LazyTables) else [partial(_whole, tables, name)]


def _whole(tables: Mapping[str, pd.DataFrame], name: str) -> pd.DataFrame:
    return tables[name]
