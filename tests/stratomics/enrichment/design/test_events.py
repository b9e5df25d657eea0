"""Events of a log-rank test, against R."""

from __future__ import annotations

import pytest
from trials import GOLDEN

from stratomics.enrichment.design.events import schoenfeld_events


def test_schoenfelds_events_are_rs() -> None:
    for ratio, (eighty, ninety) in GOLDEN["schoenfeld"].items():
        found = [schoenfeld_events(float(ratio), power) for power in (0.8, 0.9)]
        assert found == pytest.approx([eighty, ninety], abs=5.1e-3)
