"""Files of text: their lines, and what is mistaken for one."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, cast

from omics.common.errors import CohortError

__all__ = ["holds_nul", "iterate_lines", "open_text", "read_lines", "refuse_marks"]

DISGUISED = {
    b"\x1f\x8b": "the file is compressed and its name does not say so; add .gz to the name",
    b"PK\x03\x04": "the file is a zip or a workbook; unpack it, or name it by its true ending such as .xlsx",
}
"""First bytes of what is no text -> what to do."""


def open_text(path: Path) -> IO[bytes]:
    """Open a file of text for its bytes, unzipped where the name ends in ``.gz``; refuse what is no text."""
    if path.name.endswith(".gz"):
        return cast("IO[bytes]", gzip.open(path))
    file = path.open("rb")
    start = file.peek(4)
    found = next((sentence for sign, sentence in DISGUISED.items() if start.startswith(sign)), None)
    if found:
        file.close()
        raise CohortError(found, "other_kind_of_file", file=str(path))
    return file


def refuse_marks(line: str, number: int, file: str) -> None:
    """Refuse a header that holds what no line of text holds."""
    if "\0" in line:
        raise holds_nul(file)
    if "\r" in line:
        raise CohortError(
            f"line {number} ends in a bare carriage return; save the table with line feeds, as Unix or Windows does",
            "old_line_ends",
            file=file,
        )


def holds_nul(file: str) -> CohortError:
    """Give the error of a file with NUL bytes in it."""
    return CohortError(
        "a name holds NUL bytes, the file was damaged; copy or export it again", "nul_byte", file=file
    )


def iterate_lines(path: Path) -> Iterator[str]:
    """Lines of a text file in utf-8, gzip too, without their ends and without a byte order mark."""
    with open_text(path) as file:
        for line in file:
            yield line.decode().lstrip("\ufeff").rstrip("\r\n")


def read_lines(path: Path, count: int) -> list[str]:
    """First `count` lines; empty ones where the file has fewer."""
    lines = list(islice(iterate_lines(path), count))
    return lines + [""] * (count - len(lines))
