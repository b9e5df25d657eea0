"""Write and read files: atomically, with a schema version, without pickle."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import InputError

__all__ = [
    "SCHEMA_VERSION",
    "JsonObject",
    "digest_contents",
    "digest_files",
    "file_digest",
    "from_state",
    "read_json",
    "read_parquet",
    "read_state",
    "replace_folder",
    "staged_folder",
    "to_state",
    "write_bytes",
    "write_json",
    "write_parquet",
    "write_state",
    "write_text",
    "write_together",
]

T = TypeVar("T")

# A JSON object as json.loads gives it; only code that reads or writes a file sees one.
JsonObject = dict[str, Any]

SCHEMA_VERSION = 1
_KEY = "schema_version"


def write_text(path: Path, text: str) -> None:
    """Write a text file in utf-8 atomically.

    Parameters
    ----------
    path
        The file.
    text
        Its new content.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically: write a temporary file, sync it and rename it.

    Parameters
    ----------
    path
        The file.
    content
        Its new content.

    Raises
    ------
    OSError
        If the disk is full or the folder is not writable; the error names the file.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        # An error of writing, such as a full disk, does not name the file.
        error.filename = str(path)
        raise
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_together(contents: Mapping[Path, bytes], removed: Iterable[Path] = ()) -> None:
    """Write several files or none: every temporary file is written and synced before the first one is renamed.

    Parameters
    ----------
    contents
        File -> its new content.
    removed
        Files to remove before the new ones are put in place.
    """
    parts = {path: path.with_name(path.name + ".part") for path in contents}
    try:
        for path, content in contents.items():
            with parts[path].open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for path in removed:
            path.unlink(missing_ok=True)
        for path, part in parts.items():
            part.replace(path)
    except BaseException:
        for part in parts.values():
            part.unlink(missing_ok=True)
        raise


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a json object with ``schema_version``; NaN is an error, since json does not have it.

    Parameters
    ----------
    path
        The file.
    content
        Its keys and values.
    """
    body = {_KEY: SCHEMA_VERSION, **content}
    write_text(path, json.dumps(body, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> JsonObject:
    """Read what :func:`write_json` wrote.

    Raises
    ------
    InputError
        If the file is missing, is not json or has an unknown schema version.
    """
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; is this a finished run directory?") from None
    except ValueError as error:
        raise InputError(f"{path}: not valid json ({error}); restore the file") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a json object; restore the file")
    _check_version(path, content.pop(_KEY, None))
    return cast("JsonObject", content)


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    """Write a table with ``schema_version`` in its metadata; the same table gives the same bytes.

    Parameters
    ----------
    path
        The file.
    frame
        The table; its index is not written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.replace_schema_metadata({_KEY: str(SCHEMA_VERSION)})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    del table
    _release()
    write_bytes(path, sink.getvalue().to_pybytes())


def read_parquet(path: Path) -> pd.DataFrame:
    """Read what :func:`write_parquet` wrote.

    Raises
    ------
    InputError
        If the file is missing, is not parquet or has an unknown schema version.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; is this a finished run directory?") from None
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}: not a parquet table ({error}); restore the file") from None
    version = (table.schema.metadata or {}).get(_KEY.encode())
    _check_version(path, None if version is None else int(version))
    # Each column is freed as it is converted, so that the table is not in memory twice.
    frame: pd.DataFrame = table.to_pandas(self_destruct=True)
    del table
    _release()
    return frame


def _release() -> None:
    """Return unused memory of Arrow, which otherwise keeps as much as the largest tables took."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def write_state(
    folder: Path, name: str, settings: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Write fitted parameters as ``name.json`` and ``name.safetensors``.

    Parameters
    ----------
    folder
        Where to write; it is created if it does not exist.
    name
        Name of both files, without their endings.
    settings
        Values that json holds.
    arrays
        Name -> array.
    """
    from safetensors.numpy import save

    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / f"{name}.json", settings)
    tensors = {key: np.ascontiguousarray(value) for key, value in sorted(arrays.items())}
    write_bytes(folder / f"{name}.safetensors", save(tensors))


def read_state(folder: Path, name: str) -> tuple[JsonObject, dict[str, NDArray[Any]]]:
    """Read what :func:`write_state` wrote.

    Parameters
    ----------
    folder, name
        As they were given to :func:`write_state`.

    Returns
    -------
    tuple of dict
        ``(settings, arrays)``.

    Raises
    ------
    InputError
        If a file is missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    settings = read_json(folder / f"{name}.json")
    path = folder / f"{name}.safetensors"
    try:
        return settings, load(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; is this a finished run directory?") from None
    except SafetensorError as error:
        raise InputError(f"{path}: not a safetensors file ({error}); restore the file") from None


def to_state(fitted: Any, name: str) -> tuple[JsonObject, dict[str, NDArray[Any]]]:
    """Split a dataclass into the settings and arrays that :func:`write_state` takes.

    Parameters
    ----------
    fitted
        A dataclass.
    name
        Prefix of its arrays, which are called ``name.field``.

    Returns
    -------
    tuple of dict
        ``(settings, arrays)``.

    Examples
    --------
    >>> from dataclasses import make_dataclass
    >>> Mean = make_dataclass("Mean", ["value", "count"])
    >>> to_state(Mean(np.zeros(1), 3), "mean")
    ({'count': 3}, {'mean.value': array([0.])})
    """
    parts = {field.name: getattr(fitted, field.name) for field in fields(fitted)}
    arrays = {f"{name}.{key}": value for key, value in parts.items() if isinstance(value, np.ndarray)}
    return {key: value for key, value in parts.items() if f"{name}.{key}" not in arrays}, arrays


def from_state(
    kind: Callable[..., T], settings: Mapping[str, Any], arrays: dict[str, NDArray[Any]], name: str
) -> T:
    """Build the dataclass that :func:`to_state` split.

    Parameters
    ----------
    kind
        Its class.
    settings
        Its settings; a list of json becomes a tuple.
    arrays
        Its arrays, called ``name.field``, among others; those of `name` are removed from it.
    name
        Prefix of its arrays.

    Returns
    -------
    object
        An instance of `kind`.
    """
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}
    keys = [key for key in arrays if key.startswith(f"{name}.")]
    return kind(**plain, **{key.removeprefix(f"{name}."): arrays.pop(key) for key in keys})


def digest_files(paths: Iterable[Path]) -> str:
    """SHA-256 over names and contents, in the order of the names.

    The parent folder does not count, so a cohort that is moved keeps its digest. A path that is a folder
    stands for all files in it.
    """
    files = (pair for path in paths for pair in _files(path))
    return _digest((name, bytes.fromhex(file_digest(file))) for name, file in files)


def digest_contents(contents: Mapping[str, bytes]) -> str:
    """Digest that :func:`digest_files` returns once `contents` (name -> bytes) are on disk."""
    return _digest((name, hashlib.sha256(content).digest()) for name, content in contents.items())


def _digest(files: Iterable[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(files, key=lambda item: item[0]):
        digest.update(name.encode() + b"\0")
        digest.update(content)
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of one file, read in chunks, since a table may be larger than memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(path: Path) -> list[tuple[str, Path]]:
    if not path.is_dir():
        return [(path.name, path)]
    return sorted((f.relative_to(path.parent).as_posix(), f) for f in path.rglob("*") if f.is_file())


@contextmanager
def staged_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `folder` to write in: renamed to `folder` at the end, removed on an error."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    # The temporary name is unique, so that two runs at the same time do not write into each other's folder.
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as place:
        staged, previous = Path(place) / "new", Path(place) / "old"
        staged.mkdir()
        yield staged
        replace_folder(staged, folder, previous)


def replace_folder(staged: Path, folder: Path, previous: Path) -> None:
    """Rename a folder with all its files into its final place.

    Parameters
    ----------
    staged
        The new folder.
    folder
        Its final place.
    previous
        Where a folder that is already in this place is moved.
    """
    for place in (staged, *(path for path in staged.rglob("*") if path.is_dir())):
        _sync_names(place)
    if folder.exists():
        folder.rename(previous)
    staged.rename(folder)
    _sync_names(folder.parent)


def _sync_names(folder: Path) -> None:
    """Sync the list of files of a folder; their contents were synced when they were written."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _check_version(path: Path, version: int | None) -> None:
    if version != SCHEMA_VERSION:
        raise InputError(
            f"{path}: schema version {version} is unknown (this release reads "
            f"{SCHEMA_VERSION}); install the stratomics release that wrote it"
        )
