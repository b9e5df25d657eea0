"""Lines, colours and SVG of figures."""

from __future__ import annotations

import re
from pathlib import Path

from matplotlib.figure import Figure

from stratomics.report import page
from stratomics.report.figures.style import COLOURS, GREY, NARROW, method_lines, new_figure, style, svg


def test_lines_can_be_distinguished_without_colour() -> None:
    lines = method_lines([f"method{i}" for i in range(12)])
    assert len({(line["color"], str(line["linestyle"])) for line in lines.values()}) == 12
    assert len({str(line["linestyle"]) for line in list(lines.values())[:4]}) == 4


def test_svg_keeps_texts_and_rounds_coordinates() -> None:
    with style():
        figure = new_figure(NARROW, 2.0)
        axes = figure.add_subplot()
        axes.plot([0.0, 1.0 / 3.0], [0.0, 1.0], "o", color=COLOURS[1])
        axes.set_title("0.12345 of <b>$x$</b>")
        text = svg(figure)
    assert "0.12345 of &lt;b&gt;$x$&lt;/b&gt;" in text
    assert not re.search(r'\b[xy]="[^"]*\.\d{3}', text)
    assert 'width="316.8pt"' in text
    assert "var(--figure-2,#b07d00)" in text


def test_ids_of_two_figures_do_not_clash() -> None:
    with style():
        one, two = (svg(_marks(count)) for count in (2, 3))
    ids = [set(re.findall(r'id="([^"]+)"', text)) for text in (one, two)]
    texts = {
        name: [re.search(rf'id="{name}"[^>]*>', text) for text in (one, two)] for name in ids[0] & ids[1]
    }
    # An id in two figures defines the same mark.
    assert all(a and b and a[0] == b[0] for a, b in texts.values())


def _marks(count: int) -> Figure:
    figure = new_figure(NARROW, 2.0)
    figure.add_subplot().plot(range(count), "s")
    return figure


def test_colours_can_be_seen_on_white_and_in_the_dark() -> None:
    """Contrast of graphics is at least 3 to 1 (WCAG 2.1, 1.4.11), that of text in colour 4.5 to 1 in the dark."""
    css = (Path(page.__file__).parent / "templates" / "figures.css").read_text()
    light, dark = (dict(re.findall(r"--figure-(\w+): (#[0-9a-f]{6})", line)) for line in css.split("\n")[:2])
    for name in ("1", "2", "3", "4", "5", "grey"):
        assert _contrast(light[name], "#ffffff") >= 3.0
        assert _contrast(dark[name], "#14181c") >= 4.5
    assert [light[str(k)] for k in range(1, 6)] == list(COLOURS)
    assert light["grey"] == GREY


def _contrast(one: str, two: str) -> float:
    low, high = sorted(_luminance(colour) for colour in (one, two))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255.0 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
