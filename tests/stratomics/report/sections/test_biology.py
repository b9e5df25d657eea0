"""The section on gene-set analysis: sentences, figure and table; names of sets are escaped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from omics.common.files import write_parquet
from stratomics.report.figures.style import NARROW, WIDE, style
from stratomics.report.section import Details, Panel, Table
from stratomics.report.sections.biology import biology, draw_sets, set_sentences, sets_size, strongest_sets
from stratomics.runs.run_directory import RunDirectory
from stratomics.strata.biology.result import COLUMNS, SetAnalysis
from stratomics.strata.biology.store import save_biology

EVIL = "<script>alert(1)</script>"


def result_table(contrasts: int = 2, sets: int = 4, smallest: float = 1e-4) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        [
            f"factor{c + 1}",
            "rna",
            "mine",
            f"S{s}",
            f"{EVIL} {s}",
            10,
            0.1,
            "up" if (c + s) % 2 else "down",
            0.0,
            0.0,
            EVIL,
        ]
        for c in range(contrasts)
        for s in range(sets)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    p = np.sort(rng.uniform(smallest, 0.9, len(table)))
    p[0] = smallest
    return table.assign(p=p, q=np.minimum(p * 4, 1.0))


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    (tmp_path / "factors").mkdir()
    scores = pd.DataFrame({"sample_id": ["p1", "p2", "p3"], "factor1": [0.0, 1.0, 2.0], "factor1_sd": 0.1})
    write_parquet(tmp_path / "factors" / "factors.parquet", scores)
    return RunDirectory(tmp_path)


def test_a_run_without_analysis_has_no_section(run: RunDirectory) -> None:
    assert biology(run) is None


def test_what_is_found_has_figure_sentences_and_table(run: RunDirectory) -> None:
    activity = pd.DataFrame({"p53": [0.0, -1.0, -2.0], "WNT": np.nan}, index=["p1", "p2", "p3"])
    save_biology(run, SetAnalysis(result_table(), (f"A note on {EVIL}.",), activity))
    with style():
        section = biology(run)
    assert section is not None
    assert section.blocks[1] == "1 of 8 tests (4 sets in 1 view, 2 factors or groups) have q below 0.05."
    (panel,) = (block for block in section.blocks if isinstance(block, Panel))
    assert len(panel.table) == 2
    assert panel.figure.get_figwidth() == NARROW
    assert f"Factor 1 falls with {EVIL} 0 (rna)." in section.blocks[3]
    tables = [inner for block in section.blocks if isinstance(block, Details) for inner in block.blocks]
    found, pathways, notes = tables
    assert isinstance(found, Table)
    assert found.table["factor or group"].tolist() == ["factor 1"]
    assert isinstance(pathways, Table)
    assert pathways.table.to_numpy().tolist() == [["p53", "-1.00"], ["WNT", ""]]
    assert notes == [f"A note on {EVIL}."]


def test_nothing_found_is_one_sentence(run: RunDirectory) -> None:
    save_biology(run, SetAnalysis(result_table(smallest=0.1), (), None))
    section = biology(run)
    assert section is not None
    assert section.blocks[1].startswith("None of 8 tests")
    assert not [block for block in section.blocks if isinstance(block, Panel)]


def test_groups_are_worded_as_groups() -> None:
    found = result_table().assign(contrast="msi high", title=[f"set {n}" for n in range(8)])
    (sentence,) = set_sentences(found)
    assert sentence == (
        "msi high has higher set 1 (rna), set 3 (rna), set 4 (rna) and 1 more and has lower set 0 (rna), set 2 (rna), "
        "set 5 (rna) and 1 more."
    )


@pytest.mark.parametrize(("contrasts", "sets"), [(1, 1), (3, 40), (15, 12)])
def test_each_set_is_a_row_and_each_contrast_a_column(contrasts: int, sets: int) -> None:
    from matplotlib.figure import Figure

    tests = result_table(contrasts, sets)
    shown = strongest_sets(tests, 12)
    assert shown["set"].nunique() == min(sets, 12)
    assert shown["set"].iloc[0] == tests.loc[tests["p"].idxmin(), "set"]
    axes = Figure(figsize=sets_size(shown)).add_subplot()
    draw_sets(axes, shown)
    assert [label.get_text() for label in axes.get_xticklabels()] == [str(n + 1) for n in range(contrasts)]
    assert len(axes.get_yticklabels()) == min(sets, 12)
    assert all(len(label.get_text()) <= 40 for label in axes.get_yticklabels())
    assert sets_size(shown)[0] == (NARROW if contrasts <= 4 else WIDE)
    drawn = sum(len(marks.get_offsets()) for marks in axes.collections)
    assert drawn == len(shown)
