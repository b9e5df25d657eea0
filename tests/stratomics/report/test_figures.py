"""Line styles of the report."""

from __future__ import annotations

from stratomics.report.figures import method_lines


def test_lines_can_be_distinguished_without_colour() -> None:
    lines = method_lines([f"method{i}" for i in range(12)])
    assert len({(line["color"], str(line["linestyle"])) for line in lines.values()}) == 12
    assert len({str(line["linestyle"]) for line in list(lines.values())[:4]}) == 4
