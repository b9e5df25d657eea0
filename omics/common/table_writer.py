"""A table that is written block by block, so that it need not fit in memory, and is there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from omics.common.errors import ConfigError, nearest
from omics.common.files import SCHEMA_VERSION

if TYPE_CHECKING:
    from io import BufferedWriter

__all__ = ["GROWING", "TableWriter", "table_writer"]


class TableWriter(Protocol):
    """Takes rows, always of the same columns, and ends."""

    def add(self, rows: pd.DataFrame) -> None:
        """Write `rows` below those that came before."""

    def end(self) -> None:
        """Write what stands below the last row."""


class _Parquet:
    def __init__(self, file: BufferedWriter) -> None:
        self._file = file
        self._writer: Any = None

    def add(self, rows: pd.DataFrame) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = None if self._writer is None else self._writer.schema
        table = pa.Table.from_pandas(rows, schema=schema, preserve_index=False)
        table = table.replace_schema_metadata({"schema_version": str(SCHEMA_VERSION)})
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, table.schema, compression="zstd")
        self._writer.write_table(table)

    def end(self) -> None:
        if self._writer is not None:
            self._writer.close()


class _Csv:
    def __init__(self, file: BufferedWriter) -> None:
        self._file = file

    def add(self, rows: pd.DataFrame) -> None:
        text = rows.to_csv(index=False, header=not self._file.tell(), lineterminator="\n")
        self._file.write(text.encode())

    def end(self) -> None:
        pass


GROWING: dict[str, type[TableWriter]] = {".parquet": _Parquet, ".csv": _Csv}
"""Ending of a file -> how a table of it grows."""


@contextmanager
def table_writer(path: Path) -> Iterator[TableWriter]:
    """Give a table to add rows to, written aside, synced, and renamed to `path` at the end.

    Raises
    ------
    ConfigError
        An ending that is not in GROWING.
    OSError
        A full disk, a folder that may not be written: it names the file.
    """
    if path.suffix not in GROWING:
        raise ConfigError(
            f"{path}: unknown ending '{path.suffix}' of a table; {nearest(path.suffix, GROWING)}"
        )
    aside = path.with_name(path.name + ".part")
    try:
        with aside.open("wb") as file:
            table = GROWING[path.suffix](file)  # type: ignore[call-arg]  # a protocol says nothing of how to begin
            try:
                yield table
            finally:
                table.end()
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        error.filename = error.filename or str(path)
        raise
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
