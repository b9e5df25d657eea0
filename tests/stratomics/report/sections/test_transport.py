"""The section on other cohorts: only after `stratomics transport`, with the numbers that are stored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from response_cases import one_fold

from omics.common.errors import InputError
from stratomics.evaluation.comparison import resamples
from stratomics.report.figures.style import style
from stratomics.report.section import Details, Panel, Section, Table
from stratomics.report.sections.transport import transport
from stratomics.report.text.transport import measure_columns, measure_rows, transport_sentences
from stratomics.runs.run_directory import RunDirectory
from stratomics.transportability.external import metrics_of, validate
from stratomics.transportability.groups import declared_groups, group_results
from stratomics.transportability.recalibration import recalibrate, recalibration_data
from stratomics.transportability.result import Transport, load_transports, save_transport
from stratomics.transportability.shift import covariate_shift
from stratomics.transportability.sites import site_summary

N = 240


def result(name: str = "<b>Lyon</b>", few: bool = False) -> Transport:
    rng = np.random.default_rng(0)
    p = rng.uniform(0.05, 0.95, N)
    positive = np.arange(N) >= 8 if few else rng.random(N) < p
    cases, weight = one_fold(positive, p[None]), resamples(np.arange(N), 60, 1)
    patients = pd.DataFrame(
        {"sample_id": [f"p{i}" for i in range(N)], "site": [f"s{i % 4}" for i in range(N)]}
    )
    x = rng.normal(size=(N, 2))
    sites = site_summary(cases, patients["site"].to_numpy(dtype=str), weight, left_out=False)
    by = declared_groups(patients, ("site",))
    return Transport(
        name,
        "0" * 64,
        "response",
        "response",
        None,
        None,
        N,
        metrics_of(one_fold(rng.random(N) < p, p[None]), weight),
        0.8,
        validate(cases, patients, weight, np.arange(N) < 20, np.arange(N) < 60),
        group_results(cases, by, weight, np.arange(N) < 20, np.arange(N) < 60),
        covariate_shift(cases, x, weight, cases, x + 30.0 * few, seed=1),
        recalibrate(recalibration_data(cases), N, seed=1),
        sites,
        None,
        None,
        ("A note.",),
    )


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path)


def section_of(run: RunDirectory) -> Section:
    with style():
        found = transport(run)
    assert found is not None
    return found


def test_there_is_no_section_without_a_transport(run: RunDirectory) -> None:
    assert transport(run) is None


def test_one_cohort_is_shown_at_once(run: RunDirectory) -> None:
    one = result()
    path = save_transport(run, one)
    assert path.parent == run.path / "transport"
    assert load_transports(run) == [one]
    section = section_of(run)
    [table] = [block for block in section.blocks if isinstance(block, Table)]
    assert list(table.table.columns) == ["measure", *measure_columns(one)]
    assert table.table.to_numpy().tolist() == measure_rows(one)
    [details] = [block for block in section.blocks if isinstance(block, Details)]
    assert [type(block) for block in details.blocks] == [Panel, Table, Table, Table]


def test_sentences_have_the_stored_numbers() -> None:
    one = result()
    text = " ".join(transport_sentences(one))
    assert f"{one.external.metrics['auroc']['estimate']:.3f}" in text
    assert f"{one.external.observed:.1%} have a positive response" in text
    assert "effective" not in text
    assert "count as" in text
    assert "split.design leave_site_out" in text
    assert text.endswith("A note.")


def test_few_events_are_unknown_and_without_overlap_nothing_is_weighted() -> None:
    one = result(few=True)
    text = " ".join(transport_sentences(one))
    assert text.startswith("8 patients of the rarer class are too few")
    assert "do not overlap enough" in text
    assert "more than predicted" in text
    assert one.shift is not None
    assert measure_columns(one) == ["training, out of fold", "<b>Lyon</b>"]
    rows = {row[0]: row[-1] for row in measure_rows(one)}
    assert rows["AUROC"] == rows["calibration slope"] == "unknown"


def test_several_cohorts_have_one_table_first(run: RunDirectory) -> None:
    save_transport(run, result("b", few=True))
    save_transport(run, result("a"))
    _, table, *details = section_of(run).blocks
    assert isinstance(table, Table)
    assert table.table["cohort"].tolist() == ["a", "b"]
    assert table.table["slope"].tolist()[1] == "unknown"
    assert [block.summary for block in details if isinstance(block, Details)] == ["Show a", "Show b"]


def test_a_changed_file_is_refused(run: RunDirectory) -> None:
    path = save_transport(run, result())
    path.write_text(json.dumps(json.loads(path.read_text()) | {"extra": 1}))
    with pytest.raises(InputError, match="extra"):
        transport(run)
