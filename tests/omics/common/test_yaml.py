"""Yaml with aliases that expand to more than anyone needs, or to themselves."""

from __future__ import annotations

import pytest

from omics.common.errors import CohortError
from omics.common.yaml import parse_yaml


def test_aliases_of_aliases_are_refused_before_they_expand() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    with pytest.raises(CohortError) as raised:
        parse_yaml("\n".join(lines), "cohort.yaml")
    assert raised.value.code == "too_large"


@pytest.mark.parametrize("text", ["a: &a [*a]", "a: &a {b: *a}", "&a [1, &b [*a]]"])
def test_an_alias_of_itself_is_refused(text: str) -> None:
    with pytest.raises(CohortError, match="aliases"):
        parse_yaml(text, "cohort.yaml")


def test_aliases_that_people_write_are_read() -> None:
    text = "base: &b {scale: log}\nviews:\n  rna: {<<: *b, file: a.csv}\n  protein: *b\n"
    views = parse_yaml(text, "cohort.yaml")["views"]
    assert views == {"rna": {"scale": "log", "file": "a.csv"}, "protein": {"scale": "log"}}
    assert parse_yaml("", "cohort.yaml") is None
