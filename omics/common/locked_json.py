"""Json with a digest of its own content, so that an edited file is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from omics.common.errors import InputError
from omics.common.files import JsonObject, read_json, write_json

__all__ = ["content_digest", "read_locked", "write_locked"]


def content_digest(content: JsonObject) -> str:
    """SHA-256 of a json object; the order of its keys does not count.

    Examples
    --------
    >>> content_digest({"a": 1, "b": 2}) == content_digest({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def write_locked(path: Path, name: str, content: JsonObject) -> None:
    """Write a json object and its digest.

    Parameters
    ----------
    path
        The file.
    name
        What the object is; its key in the file.
    content
        The object.
    """
    write_json(path, {name: content, "digest": content_digest(content)})


def read_locked(path: Path, name: str) -> JsonObject:
    """Read what :func:`write_locked` wrote.

    Parameters
    ----------
    path, name
        As they were given to :func:`write_locked`.

    Returns
    -------
    dict
        The object.

    Raises
    ------
    InputError
        If the file is absent, holds something else, or was edited.
    """
    stored = read_json(path)
    if set(stored) != {name, "digest"} or not isinstance(stored[name], dict):
        raise InputError(f"{path}: not a locked {name}; name the file that stratomics wrote")
    content: JsonObject = stored[name]
    if content_digest(content) != stored["digest"]:
        raise InputError(
            f"{path}: the {name} was changed after it was locked; restore the file, or lock a new one"
        )
    return content
