"""Make the README's picture from a report: ``python docs/report_picture.py RUN``.

It writes report.png, and report_picture.txt with the headings and column names of the report. A test compares them with
those of a report that is written today, so that an outdated picture is found.
"""

from __future__ import annotations

import argparse
from html.parser import HTMLParser
from pathlib import Path

__all__ = ["labels_of"]

DOCS = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-quic", "--disable-background-networking"]
LABELS = ("h1", "h2", "h3", "th")
SECTIONS = ("summary", "cohort", "methods", "performance")
"""Sections whose labels are compared; they are at the top of the page."""


class _Labels(HTMLParser):
    """Collect the texts of headings and of header cells in some sections, but not of the data behind figures."""

    def __init__(self) -> None:
        super().__init__()
        self.labels: list[str] = []
        self._section = SECTIONS[0]
        self._open = 0
        self._figures = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "section":
            self._section = dict(attrs).get("id") or ""
        self._figures += tag == "figure"
        if tag in LABELS and self._section in SECTIONS and not self._figures:
            self._open += 1
            self.labels.append("")

    def handle_endtag(self, tag: str) -> None:
        self._figures -= tag == "figure"
        if tag in LABELS and self._open:
            self._open -= 1

    def handle_data(self, data: str) -> None:
        if self._open:
            self.labels[-1] += data


def labels_of(page: str) -> list[str]:
    """Texts of the headings and header cells in the first sections of a report page, in their order.

    Examples
    --------
    >>> labels_of("<h1>Cohort</h1><section id='cohort'><h2>Patients <b>seen</b></h2><p>92</p></section>")
    ['Cohort', 'Patients seen']
    """
    parser = _Labels()
    parser.feed(page)
    return [" ".join(label.split()) for label in parser.labels]


def main() -> None:
    """Take the picture, and write the labels beside it."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="a finished run directory")
    report = parser.parse_args().run.resolve() / "report.html"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(report.as_uri())
        page.screenshot(path=DOCS / "report.png")
        browser.close()
    labels = labels_of(report.read_text(encoding="utf-8"))
    (DOCS / "report_picture.txt").write_text("\n".join(labels) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
