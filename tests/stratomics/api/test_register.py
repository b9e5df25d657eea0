"""Entries that a user registers, and options of the process."""

from __future__ import annotations

import pytest

import stratomics as st
from models.heads import HEADS
from omics.common.errors import ConfigError
from stratomics.api.settings import Settings


def test_an_entry_of_each_kind_of_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HEADS, "survival", dict(HEADS["survival"]))
    st.register("survival_head", "mine", HEADS["survival"]["cox"])
    assert HEADS["survival"]["mine"] == HEADS["survival"]["cox"]
    assert "mine" not in HEADS["response"]


@pytest.mark.parametrize(
    ("kind", "name", "where", "sentence"),
    [
        ("heads", "mine", "a:b", "unknown registry 'heads'"),
        ("factor_model", "pca", "a:b", "exists already"),
        ("modality", "mine", "module.object", "write 'module:object'"),
        ("modality", "mine", "no_such_module:X", "finds no module 'no_such_module'"),
        ("modality", "mine", "omics.modalities.generic:X", "has no 'X'"),
    ],
)
def test_a_wrong_entry_is_refused_at_once(kind: str, name: str, where: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        st.register(kind, name, where)


def test_a_misspelt_option_is_an_error() -> None:
    options = Settings()
    options.workers = 2
    assert options.workers == 2
    with pytest.raises(ConfigError, match="no option 'worker'"):
        options.worker = 2  # type: ignore[attr-defined]  # a caller's mistake
