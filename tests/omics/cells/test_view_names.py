"""Names of the views of cells: safe in files, distinct, and found again."""

from __future__ import annotations

import pytest

from omics.cells.view_names import COMPOSITION, cell_type_names, families, full_name, pairs_of_families
from omics.cohort.parse import parse_spec
from omics.common.errors import CohortError


@pytest.mark.parametrize("cell_type", ["NK/T", " B cells ", "CD4+ T, naive", "1", "CD14+/CD16+"])
def test_the_name_of_every_cell_type_is_that_of_a_view(cell_type: str) -> None:
    name = full_name("blood", cell_type_names([cell_type], "x.h5ad")[cell_type])
    view = {"modality": "transcriptomics", "scale": "counts"}
    assert list(parse_spec({"name": "x", "views": {name: view}}, "x").views) == [name]


@pytest.mark.parametrize("types", [["a/b", "a_b"], ["T", "T "], [COMPOSITION]])
def test_two_views_never_have_the_same_name(types: list[str]) -> None:
    with pytest.raises(CohortError, match=r"would be called .* rename the cell type") as caught:
        cell_type_names(types, "x.h5ad")
    assert caught.value.code == "same_view_name"


def test_families_are_the_tables_with_a_composition() -> None:
    views = ["rna", "a.T", "a.B", "a.composition", "b.T", "c.composition"]
    assert families(views) == {"a": ["a.T", "a.B"], "c": []}
    assert pairs_of_families(views) == {("a.T", "a.B")}
