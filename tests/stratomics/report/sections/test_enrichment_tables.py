"""Tables of an enrichment: corrected and apparent effects, costs only if named, limits of what is feasible."""

from __future__ import annotations

import dataclasses

import pytest
from trials import cut_search, enrichment_result, trial_design

from models.survival.time_unit import TimeUnit
from stratomics.enrichment.design.trial_design import Assumption
from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.plan.planned_trials import DesignRow, PlannedTrials, VirtualTrialRow
from stratomics.enrichment.result import PrognosticResult
from stratomics.enrichment.selection.prognostic import PrognosticRow
from stratomics.report.sections.enrichment_tables import (
    assumptions_table,
    designs_table,
    effects_table,
    prognostic_table,
    sizes_table,
)

ROW = DesignRow("enrichment", 167, 253, 421, 2465.0, 253.0, "one test")


def planned(*rows: DesignRow) -> PlannedTrials:
    virtual = tuple(
        VirtualTrialRow(truth, row.design, "power", rejected, 0.01, 1.0, 1.0, 1.0, 1.0)
        for row in rows
        for truth, rejected in (("estimate", 0.78), ("null", 0.02))
    )
    return PlannedTrials({}, trial_design(), rows, (), virtual, 500)


def test_apparent_and_corrected_effects_are_in_columns_of_their_own() -> None:
    result = enrichment_result(Effect(0.6, 0.4, 0.9, 0.2), cut_search(Effect(0.7, 0.5, 0.98, 0.17)))
    table = effects_table(result, "cuts", "each share").table.set_index("share")
    assert table.loc["30%", "inside, apparent (95%)"] == "0.60 (0.40 to 0.90)"
    assert table.loc["30%", "inside, corrected (95%)"] == "0.70 (0.50 to 0.98)"
    assert table.loc["all", "inside, corrected (95%)"] == ""
    assert "inside, corrected (95%)" not in effects_table(enrichment_result(), "cuts", "each share").table


def test_sizes_beyond_the_limit_are_not_feasible() -> None:
    result = enrichment_result()
    row = dataclasses.replace(
        result.rows[1], events_needed={0.8: 111.4, 0.9: 149.1}, screened={0.8: 19_000.0, 0.9: 30_000.0}
    )
    table = sizes_table(dataclasses.replace(result, rows=(result.rows[0], row)), "sizes").table.iloc[1]
    assert table["events needed"] == "111 / 149"
    assert table["screened"] == "19,000 / not feasible"
    assert table["patients"] == "none"


def test_durations_are_in_years_and_costs_only_if_named() -> None:
    table = designs_table(planned(ROW), "days").table
    assert table.loc[0, "duration, years"] == "6.7"
    assert table.loc[0, "effect as estimated"] == "78%"
    assert "cost" not in table
    assert "cost" in designs_table(planned(dataclasses.replace(ROW, cost=1000.0)), "days").table


@pytest.mark.parametrize("change", [{"duration": 15.1 * 365.25}, {"tested": 20_001}])
def test_a_design_beyond_limits_is_not_feasible(change: dict[str, float]) -> None:
    ok, beyond = designs_table(planned(ROW, dataclasses.replace(ROW, **change)), "days").table["patients"]
    assert (ok, beyond) == ("253", "not feasible")


def test_a_response_has_neither_events_nor_duration() -> None:
    table = designs_table(planned(dataclasses.replace(ROW, events=None, duration=None)), "").table
    assert not {"events", "cost"} & set(table)
    assert not any(str(column).startswith("duration") for column in table)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("hazard ratio inside", 0.648016, "0.65"),
        ("follow-up of the last patient", 1826.25, "5 years"),
        ("dropout", 0.00015, "5.3% per year"),
        ("candidates", "0.3331 from 0", "122 per year"),
        (
            "hazard of controls inside",
            "0.001 from 0; 0.003 from 100; 0.002 from 200; 0.004 from 300",
            "0.89 years",
        ),
    ],
)
def test_values_of_assumptions(name: str, value: float | str, text: str) -> None:
    table = assumptions_table([Assumption(name, value, "this cohort")], TimeUnit("years", 1 / 365.25)).table
    shown, source = table.loc[0, "value"], table.loc[0, "source"]
    assert (shown, source) == (text, "this cohort")
    # A hazard is named by what is shown.
    assert "hazard of" not in table.loc[0, "assumption"]


def test_prognostic_enrichment() -> None:
    rows = (PrognosticRow(1.0, 92.0, 0.37, 500.0, 500.0), PrognosticRow(0.2, 18.0, 0.9, 200.0, 25_000.0))
    table = prognostic_table(PrognosticResult(score="risk", follow_up=1.0, prognostic=rows)).table
    assert table["screened"].tolist() == ["500", "not feasible"]
    assert table["event rate"].tolist() == ["37%", "90%"]
