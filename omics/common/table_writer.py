"""Write a table block by block, so that it does not have to fit in memory; the file is complete or absent."""

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

__all__ = ["TABLE_WRITERS", "TableWriter", "table_writer"]


CSV_FORMAT = "%.6g"
"""Numbers of a csv are for people; parquet has all digits."""


class TableWriter(Protocol):
    """Writes blocks of rows with the same columns."""

    def add(self, rows: pd.DataFrame) -> None:
        """Append `rows`."""

    def end(self) -> None:
        """Write what the format needs after the last row."""


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
        text = rows.to_csv(
            index=False, header=not self._file.tell(), lineterminator="\n", float_format=CSV_FORMAT
        )
        self._file.write(text.encode())

    def end(self) -> None:
        pass


TABLE_WRITERS: dict[str, type[TableWriter]] = {".parquet": _Parquet, ".csv": _Csv}
"""Ending of a file -> writer of such a table."""


@contextmanager
def table_writer(path: Path) -> Iterator[TableWriter]:
    """Yield a writer of a table: rows go to a temporary file, which is synced and renamed to `path` at the end.

    Raises
    ------
    ConfigError
        If the ending is not in TABLE_WRITERS.
    OSError
        If the disk is full or the folder is not writable; the error names the file.
    """
    if path.suffix not in TABLE_WRITERS:
        raise ConfigError(
            f"{path}: unknown ending '{path.suffix}' of a table; {nearest(path.suffix, TABLE_WRITERS)}"
        )
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            table = TABLE_WRITERS[path.suffix](file)  # type: ignore[call-arg]  # a protocol has no constructor
            try:
                yield table
            finally:
                table.end()
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        error.filename = error.filename or str(path)
        raise
    except BaseException:
        part.unlink(missing_ok=True)
        raise
