"""Plots of power and of the targeting curve."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from trials import enrichment_result

from omics.common.errors import InputError
from stratomics.api.enrichment import Enrichment
from stratomics.api.pl.trial import power, targeting
from stratomics.enrichment.plan.planned_trials import DesignRow, PlannedTrials, VirtualTrialRow
from stratomics.enrichment.selection.targeting_curve import rate_of

SHARES = {("estimate", "all_comers"): 0.8, ("null", "all_comers"): 0.02}
SHARES |= {("estimate", "enrichment"): 0.9, ("null", "enrichment"): 0.03}


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def planned() -> Enrichment:
    designs = tuple(DesignRow(name, 100, 200, 300, 4.0, 1e6, "none") for name in ("all_comers", "enrichment"))
    virtual = tuple(
        VirtualTrialRow(truth, plan, "power", share, 0.01, 4.0, 200.0, 300.0, 1e6)
        for (truth, plan), share in SHARES.items()
    )
    result = enrichment_result()
    assert result.run is not None
    plan = PlannedTrials({}, None, designs, virtual=virtual, trials=1000)
    return Enrichment(dataclasses.replace(result, run=dataclasses.replace(result.run, plan=plan)))


def with_curve(n: int) -> Enrichment:
    rng = np.random.default_rng(0)
    rate = rate_of(rng.normal(size=n), rng.normal(size=n), halves=20)
    return Enrichment(dataclasses.replace(enrichment_result(), rate=rate))


def points(axes: Any) -> dict[str, list[float]]:
    return {line.get_label(): list(line.get_xdata()) for line in axes.lines}


def test_power_by_design_and_scenario() -> None:
    own = Figure().add_subplot()
    assert power(planned(), ax=own) is own
    assert points(own) == {"effect as estimated": [0.8, 0.9], "no effect": [0.02, 0.03]}
    assert [tick.get_text() for tick in own.get_yticklabels()] == ["all comers", "enrichment"]
    assert own.get_title(loc="left") == "1,000 virtual trials of each design and scenario"


def test_targeting_draws_the_curve_from_ten_patients() -> None:
    enrichment = with_curve(50)
    axes = targeting(enrichment)
    line = axes.lines[1]
    np.testing.assert_array_equal(line.get_ydata(), enrichment.result.rate.curve[9:])  # type: ignore[union-attr]
    np.testing.assert_allclose(line.get_xdata(), np.arange(10, 51) / 50)
    assert "95% interval" in axes.get_title(loc="left")
    assert "event-free time up to" in axes.get_ylabel()


def test_few_patients() -> None:
    assert len(targeting(with_curve(6)).lines[1].get_xdata()) == 1


def test_wrong_arguments_are_one_sentence() -> None:
    table = Enrichment(dataclasses.replace(enrichment_result(), run=None))
    with pytest.raises(InputError, match="no trial is planned for the enrichment of a table; enrich a run"):
        power(table)
    with pytest.raises(InputError, match=r"no trial could be planned from this enrichment; .* plan_for="):
        power(Enrichment(enrichment_result()))
    with pytest.raises(InputError, match="this enrichment was read from a file"):
        targeting(table)
    for plot in (power, targeting):
        with pytest.raises(
            InputError, match=r"an enrichment of st\.enrich is needed, and this is of type int"
        ):
            plot(3)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="ax is of type Figure"):
        power(planned(), ax=Figure())  # type: ignore[arg-type]
    assert not plt.get_fignums()
