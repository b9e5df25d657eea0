"""``st.explain``: contributions, rationales, importance."""

from __future__ import annotations

from pathlib import Path

import pytest

import stratomics as st


def test_a_run_and_its_cohort(small_run: Path) -> None:
    found = st.explain(small_run, small_run.parent / "small")
    assert found.importance is not None
    assert len(found.rationales) == 3
    assert all(len(lines) >= 3 for lines in found.rationales.values())
    assert "40 patients on the log hazard" in repr(found)
    assert set(found.contributions["level"]) >= {"total", "sources", "views", "parts", "features"}
    # The name stays a function after its package is imported.
    assert callable(st.explain)


def test_patients_in_memory(small_run: Path) -> None:
    cohort = st.read_cohort(small_run.parent / "small")
    found = st.explain(st.open_run(small_run), cohort, "p002", neighbours=1)
    assert list(found.rationales) == ["p002"]
    assert found.importance is None
    with pytest.raises(st.InputError, match="no patient 'p777'"):
        st.explain(small_run, cohort, "p777")
