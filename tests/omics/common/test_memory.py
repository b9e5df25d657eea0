"""The share of memory that one file may take."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from omics.common import memory
from omics.common.errors import CohortError


def test_the_limit_is_a_quarter_of_the_memory_and_of_a_container_where_it_has_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    container = tmp_path / "memory.max"
    monkeypatch.setattr(memory, "CONTAINER", container)
    for text, limit in (("max\n", whole / 4), ("4000000000\n", 1e9), (f"{10**18}\n", whole / 4)):
        container.write_text(text)
        memory.memory_limit.cache_clear()
        assert memory.memory_limit() == int(limit)
    memory.memory_limit.cache_clear()


def test_a_file_is_read_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "memory_limit", lambda: 1000)
    for per_byte, size in ((1, 1000), (10, 100)):
        whole = io.BufferedReader(memory.LimitedFile(io.BytesIO(b"x" * size), "a", per_byte))
        assert whole.read() == b"x" * size
        more = io.BufferedReader(memory.LimitedFile(io.BytesIO(b"x" * (size + 1)), "a", per_byte))
        with pytest.raises(CohortError, match="limit here"):
            more.read()
