"""How anything is written and read back: whole or not at all, with its schema version, never pickle."""

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

SCHEMA_VERSION = 1
_KEY = "schema_version"


def write_text(path: Path, text: str) -> None:
    """Write `text` as utf-8, whole or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` aside, sync it and rename it into place.

    Raises
    ------
    OSError
        A full disk, a folder that may not be written: it names the file.
    """
    aside = path.with_name(path.name + ".part")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        # A full disk is met in writing, which knows no name.
        error.filename = str(path)
        raise
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def write_together(contents: Mapping[Path, bytes], gone: Iterable[Path] = ()) -> None:
    """Write several files, or none: all stand aside, synced, before the first is renamed; `gone` are removed then."""
    asides = {path: path.with_name(path.name + ".part") for path in contents}
    try:
        for path, content in contents.items():
            with asides[path].open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for path in gone:
            path.unlink(missing_ok=True)
        for path, aside in asides.items():
            aside.replace(path)
    except BaseException:
        for aside in asides.values():
            aside.unlink(missing_ok=True)
        raise


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a json object with ``schema_version``; NaN is refused, since json has none."""
    body = {_KEY: SCHEMA_VERSION, **content}
    write_text(path, json.dumps(body, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
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
    return cast("dict[str, Any]", content)


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    """Write a table with ``schema_version`` in its metadata; the same table gives the same bytes."""
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
    """Read what :func:`write_parquet` wrote, refusing an unknown schema version."""
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
    # Each column is let go as it is converted, so that a table is not in memory twice.
    frame: pd.DataFrame = table.to_pandas(self_destruct=True)
    del table
    _release()
    return frame


def _release() -> None:
    """Have Arrow return what it no longer needs: it would keep as much as the largest tables took."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def write_state(
    folder: Path, name: str, settings: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Write what was learned as ``name.json`` and ``name.safetensors``."""
    from safetensors.numpy import save

    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / f"{name}.json", settings)
    tensors = {key: np.ascontiguousarray(value) for key, value in sorted(arrays.items())}
    write_bytes(folder / f"{name}.safetensors", save(tensors))


def read_state(folder: Path, name: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read what :func:`write_state` wrote: ``(settings, arrays)``."""
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


def to_state(learned: Any, name: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Part a dataclass into what json holds and its arrays, called ``name.field``, as :func:`write_state` takes them.

    Examples
    --------
    >>> from dataclasses import make_dataclass
    >>> Mean = make_dataclass("Mean", ["value", "count"])
    >>> to_state(Mean(np.zeros(1), 3), "mean")
    ({'count': 3}, {'mean.value': array([0.])})
    """
    parts = {field.name: getattr(learned, field.name) for field in fields(learned)}
    arrays = {f"{name}.{key}": value for key, value in parts.items() if isinstance(value, np.ndarray)}
    return {key: value for key, value in parts.items() if f"{name}.{key}" not in arrays}, arrays


def from_state(
    kind: Callable[..., T], settings: Mapping[str, Any], arrays: dict[str, NDArray[Any]], name: str
) -> T:
    """Build what :func:`to_state` parted, lists of json as tuples; its arrays are taken out of `arrays`."""
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}
    own = [key for key in arrays if key.startswith(f"{name}.")]
    return kind(**plain, **{key.removeprefix(f"{name}."): arrays.pop(key) for key in own})


def digest_files(paths: Iterable[Path]) -> str:
    """SHA-256 over names and contents, in the order of the names.

    The folder does not count, so a moved cohort keeps its digest. A path that is a folder itself
    stands for all files in it.
    """
    files = (pair for path in paths for pair in _files(path))
    return _digest((name, bytes.fromhex(file_digest(file))) for name, file in files)


def digest_contents(contents: Mapping[str, bytes]) -> str:
    """Digest that :func:`digest_files` would find once `contents` (name -> bytes) are on disk."""
    return _digest((name, hashlib.sha256(content).digest()) for name, content in contents.items())


def _digest(files: Iterable[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(files, key=lambda item: item[0]):
        digest.update(name.encode() + b"\0")
        digest.update(content)
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of one file, read piece by piece: a table may be larger than memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(path: Path) -> list[tuple[str, Path]]:
    if not path.is_dir():
        return [(path.name, path)]
    return sorted((f.relative_to(path.parent).as_posix(), f) for f in path.rglob("*") if f.is_file())


@contextmanager
def staged_folder(folder: Path) -> Iterator[Path]:
    """Give a folder beside `folder` to write in, renamed to it at the end, removed on any failure."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own, so that two runs at once do not write into each other.
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as place:
        aside, old = Path(place) / "new", Path(place) / "old"
        aside.mkdir()
        yield aside
        replace_folder(aside, folder, old)


def replace_folder(aside: Path, folder: Path, old: Path) -> None:
    """Rename the whole folder `aside` to `folder`, what is there before to `old`, and sync both names."""
    for place in (aside, *(path for path in aside.rglob("*") if path.is_dir())):
        _sync_names(place)
    if folder.exists():
        folder.rename(old)
    aside.rename(folder)
    _sync_names(folder.parent)


def _sync_names(folder: Path) -> None:
    """Sync which files a folder has; what is in them was synced when they were written."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _check_version(path: Path, version: int | None) -> None:
    if version != SCHEMA_VERSION:
        raise InputError(
            f"{path}: schema version {version} is unknown here (this release reads "
            f"{SCHEMA_VERSION}); install the stratomics release that wrote it"
        )
