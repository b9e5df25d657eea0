"""Text files: their lines, and files that are mistaken for text."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, cast

from omics.common.errors import CohortError
from omics.common.memory import LimitedFile, check_memory

__all__ = ["check_header_line", "iterate_lines", "nul_byte_error", "open_text", "read_lines"]

DISGUISED = {
    b"\x1f\x8b": "the file is compressed and its name does not show this; add .gz to the name",
    b"PK\x03\x04": "the file is a zip or a workbook; unpack it, or give it the right ending, such as .xlsx",
}
"""First bytes of a file that is not text -> error."""

UNPACKED = 2**20  # bytes that are unpacked together


def open_text(path: Path, per_byte: float = 1) -> IO[bytes]:
    """Open a text file for reading bytes, decompressed where its name ends in ``.gz``.

    Parameters
    ----------
    path
        The file.
    per_byte
        Memory that its reader takes for each byte of text.

    Returns
    -------
    file
        The open file, which raises an error where more would be in memory than allowed.

    Raises
    ------
    CohortError
        If the file is not text, or too large; while it is read, if it unpacks to too much.
    """
    if path.name.endswith(".gz"):
        return io.BufferedReader(
            LimitedFile(cast("IO[bytes]", gzip.open(path)), str(path), per_byte), UNPACKED
        )
    check_memory(path.stat().st_size * per_byte, str(path), "the text")
    file = path.open("rb")
    start = file.peek(4)
    sentence = next((text for first_bytes, text in DISGUISED.items() if start.startswith(first_bytes)), None)
    if sentence:
        file.close()
        raise CohortError(sentence, "other_kind_of_file", file=str(path))
    return file


def check_header_line(line: str, number: int, file: str) -> None:
    """Check that a header line has no characters that a line of text cannot have.

    Parameters
    ----------
    line, number
        The line and its number.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If the line has a NUL byte or a bare carriage return.
    """
    if "\0" in line:
        raise nul_byte_error(file)
    if "\r" in line:
        raise CohortError(
            f"line {number} ends in a bare carriage return; save the table with line feeds, as Unix or Windows does",
            "old_line_ends",
            file=file,
        )


def nul_byte_error(file: str) -> CohortError:
    """Error for a file with NUL bytes."""
    return CohortError(
        "a name has NUL bytes, the file was damaged; copy or export it again", "nul_byte", file=file
    )


def iterate_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a utf-8 text file, also with gzip, without line ends and without a byte order mark."""
    with open_text(path) as file:
        for line in file:
            yield line.decode().lstrip("\ufeff").rstrip("\r\n")


def read_lines(path: Path, count: int) -> list[str]:
    """Read the first lines of a text file.

    Parameters
    ----------
    path
        The file.
    count
        Number of lines.

    Returns
    -------
    list of str
        `count` lines; empty ones where the file has fewer.
    """
    lines = list(islice(iterate_lines(path), count))
    return lines + [""] * (count - len(lines))
