"""Locked json: an edit anywhere is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from omics.common.errors import InputError
from omics.common.locked_json import read_locked, write_locked


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_locked(path, "rule", {"cut": 0.1, "names": ["a", "é"]})
    assert read_locked(path, "rule") == {"cut": 0.1, "names": ["a", "é"]}


def test_any_edit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_locked(path, "rule", {"cut": 0.1, "names": ["a"]})
    content = json.loads(path.read_text())
    for changed in ({"cut": 0.2, "names": ["a"]}, {"cut": 0.1, "names": ["a", "b"]}, {"cut": 0.1}):
        path.write_text(json.dumps(content | {"rule": changed}))
        with pytest.raises(InputError, match="the rule was changed after it was locked"):
            read_locked(path, "rule")


def test_another_object_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_locked(path, "rule", {})
    with pytest.raises(InputError, match="not a locked panel"):
        read_locked(path, "panel")
