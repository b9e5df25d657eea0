"""How large packed and stored content is, checked before it is read."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omics.common.memory import check_memory, check_table_size

__all__ = ["check_members", "check_parquet", "check_stored", "read_member"]

TEXT = 64
"""Bytes that a text takes in Python at least."""


def read_member(archive: zipfile.ZipFile, name: str, file: str) -> bytes:
    """Read a member of an archive if it is not too large unpacked; zipfile never unpacks more than it declares.

    Parameters
    ----------
    archive, name
        The open archive, and the name of the member.
    file
        Named in errors.

    Returns
    -------
    bytes
        The content.

    Raises
    ------
    CohortError
        If it is too large.
    KeyError
        If there is no such member.
    """
    check_memory(archive.getinfo(name).file_size, file, f"the member '{name}'")
    return archive.read(name)


def check_members(archive: zipfile.ZipFile, file: str, per_byte: float) -> None:
    """Refuse an archive whose members take too much memory together.

    Parameters
    ----------
    archive
        The open archive.
    file
        Named in errors.
    per_byte
        Memory that its reader takes for each byte unpacked.
    """
    check_memory(sum(member.file_size for member in archive.infolist()) * per_byte, file, "the unpacked file")


def check_stored(element: Any, file: str, on_disk: str | None = None) -> None:
    """Refuse arrays of HDF5 or zarr that are too large to read; compressed or empty ones are small on disk.

    Parameters
    ----------
    element
        An array, or a group with arrays.
    file
        Named in errors.
    on_disk
        Name of arrays that are not read at once.
    """
    check_memory(sum(map(_bytes, _arrays(element, on_disk))), file, "the stored content")


def check_parquet(path: Path) -> None:
    """Refuse a parquet table with more cells than may be in memory; repeated values are small on disk."""
    from pyarrow import parquet

    layout = parquet.read_metadata(path)
    check_table_size(layout.num_rows, layout.num_columns, str(path))


def _arrays(element: Any, on_disk: str | None) -> Iterator[Any]:
    if hasattr(element, "shape") and hasattr(element, "dtype"):
        yield element
    elif hasattr(element, "items"):
        for name, part in element.items():
            if name != on_disk:
                yield from _arrays(part, on_disk)


def _bytes(array: Any) -> int:
    item = int(array.dtype.itemsize)
    return int(array.size or 0) * (item if array.dtype.kind in "biufc" else max(TEXT, item))
