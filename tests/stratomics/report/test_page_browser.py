"""Whole reports in headless Chromium: nothing leaves the page, nothing complains, axe finds nothing serious."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from made_once import made_once
from playwright.sync_api import Browser, Page, sync_playwright
from small import SMALLEST, write

from omics.common.files import read_json, write_json
from stratomics.cli import main

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-quic", "--disable-background-networking"]
LARGEST = 1_500_000
SCREEN = {"width": 1280, "height": 800}
EVIL = "<script>alert(1)</script>"
IMAGE = "<img src=x onerror=alert(1)>"
"""For names that must not contain a slash."""

EVERYWHERE = {
    "summary",
    "cohort",
    "performance",
    "sample_size",
    "subgroup_performance",
    "calibration",
    "decision_curve",
    "uncertainty",
    "factors",
    "methods",
    "limitations",
    "model_card",
    "tripod",
    "provenance",
}
OF_KIND = {"survival": "risk", "response": "classes"}
"""Kind of endpoint -> the picture of the first screen, which is shown nowhere else."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, small_run: Path, response_run: Path) -> dict[str, Path]:
    """Small runs of one cohort: of survival, of a response, and of a cohort whose names are tags."""

    def make(folder: Path) -> None:
        words = ["--cohort", str(write(folder / "evil", with_evil_names)), "--runs", str(folder / "runs")]
        assert main(["run", *words, *SMALLEST]) == 0

    (evil,) = made_once(tmp_path_factory, "evil_run", make).glob("runs/*/report.html")
    return {"survival": small_run, "response": response_run, "evil": evil.parent}


def with_evil_names(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    """Change the small cohort: patients, features, a covariate, sites, a view and the cohort are named like tags."""
    for frame in frames.values():
        frame["sample_id"] = frame["sample_id"].replace("p001", EVIL)
    frames["rna"] = frames["rna"].rename(columns={"rna0": EVIL})
    frames["outcome"] = frames["outcome"].rename(columns={"age": EVIL})
    frames["outcome"]["hospital"] = [(EVIL, "b")[i % 2] for i in range(len(frames["outcome"]))]
    spec["views"] = {IMAGE: spec["views"]["rna"], "protein": spec["views"]["protein"]}
    spec |= {"name": EVIL, "title": EVIL, "covariates": [EVIL, "stage"], "site": "hospital"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("chromium is absent; .ci/run installs it")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


class Watched:
    """A page with its requests, console messages, errors and dialogs."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.page: Page = browser.new_context(**options).new_page()
        self.requests: list[str] = []
        self.messages: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.messages.append(dialog.message), dialog.dismiss()))

    def go(self, report: Path) -> Page:
        self.page.goto(report.as_uri())
        return self.page


@pytest.mark.parametrize("name", ["survival", "response", "evil"])
def test_the_report_is_drawn_without_any_request(browser: Browser, runs: dict[str, Path], name: str) -> None:
    report = runs[name] / "report.html"
    assert report.stat().st_size <= LARGEST
    found = Watched(browser)
    page = found.go(report)
    kind = "response" if name == "response" else "survival"
    sections = set(page.locator("section").evaluate_all("all => all.map(e => e.id)"))
    assert sections >= EVERYWHERE
    assert page.locator(f"#summary #figure-{OF_KIND[kind]}").count() == 1
    assert page.locator(f"#{OF_KIND[kind]}").count() == 0
    # Every figure is drawn, has a sentence and a table behind it.
    open_details(page)
    figures = page.locator("figure")
    assert figures.count() >= 10
    for figure in figures.all():
        assert figure.locator("svg").bounding_box() is not None
        assert figure.locator("figcaption").inner_text()
        assert figure.locator("table").count() == 1
    # Every link of the contents list and the report card has a target.
    for link in page.locator("a[href^='#']").all():
        assert page.locator(f"[id='{str(link.get_attribute('href'))[1:]}']").count() == 1
    assert found.messages == []
    assert found.requests == [report.as_uri()]


def open_details(page: Page) -> None:
    """Open everything that is collapsed."""
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")


@pytest.mark.parametrize("name", ["survival", "response"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_screen_shows_line_numbers_picture_and_verdicts(
    browser: Browser, runs: dict[str, Path], name: str, scheme: str
) -> None:
    page = Watched(browser, color_scheme=scheme, viewport=SCREEN).go(runs[name] / "report.html")
    for what, count in (
        ("h1", 1),
        (".lead", 1),
        (".numbers .value", 3),
        (".glance svg", 1),
        (".verdicts > li", 4),
    ):
        found = page.locator(what).all()
        assert len(found) == count, what
        for element in found:
            box = element.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= SCREEN["height"], what
            assert box["x"] + box["width"] <= SCREEN["width"], what
    # Contents are beside the text, and stay there.
    contents, main = page.locator(".contents").bounding_box(), page.locator("main").bounding_box()
    assert contents is not None
    assert main is not None
    assert contents["x"] + contents["width"] <= main["x"]
    page.evaluate("scrollTo(0, 3000)")
    assert page.locator(".contents").bounding_box()["y"] >= 0  # type: ignore[index]  # it is there, as above


@pytest.mark.parametrize("name", ["survival", "response", "evil"])
def test_a_report_of_one_arm_is_at_most_twelve_screens_long(
    browser: Browser, runs: dict[str, Path], name: str
) -> None:
    page = Watched(browser, viewport=SCREEN).go(runs[name] / "report.html")
    assert page.evaluate("document.documentElement.scrollHeight") <= 12 * SCREEN["height"]


def test_on_a_phone_text_is_legible_and_only_wide_tables_say_that_they_scroll(
    browser: Browser, runs: dict[str, Path]
) -> None:
    page = Watched(browser, viewport={"width": 390, "height": 844}).go(runs["survival"] / "report.html")
    open_details(page)
    sizes = page.evaluate(
        "[...document.querySelectorAll('main p, main li, main td, main th, main dd, nav a, summary')]"
        ".filter(e => e.offsetParent && e.textContent.trim()).map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 11
    hints = page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(e => e.offsetParent && !e.querySelector('.card')).map(e => "
        "[e.scrollWidth > e.clientWidth, getComputedStyle(e, '::before').visibility === 'visible'])"
    )
    assert hints
    assert all(scrolls == hinted for scrolls, hinted in hints)


def test_the_policy_stops_a_request(browser: Browser, runs: dict[str, Path], tmp_path: Path) -> None:
    asking = tmp_path / "asking.html"
    text = (runs["survival"] / "report.html").read_text()
    asking.write_text(
        text.replace("</main>", '<img src="http://127.0.0.1:9/x.png"><script>alert(1)</script></main>')
    )
    found = Watched(browser)
    found.go(asking)
    assert len(found.messages) == 2
    assert all("Content Security Policy" in message for message in found.messages)


def test_names_that_are_tags_are_texts(browser: Browser, runs: dict[str, Path]) -> None:
    """They are texts even without the content security policy of the page."""
    found = Watched(browser, bypass_csp=True)
    page = found.go(runs["evil"] / "report.html")
    assert page.locator("script, img").count() == 0
    assert page.locator("h1").inner_text() == EVIL
    shown = page.locator("body").inner_text()
    # Cohort, covariate and site.
    assert shown.count(EVIL) >= 4
    assert shown.count(IMAGE) >= 2
    assert page.title() == f"{EVIL}: stratomics report"
    assert found.messages == []


def test_a_note_and_an_arm_named_like_tags_are_texts(
    browser: Browser, runs: dict[str, Path], tmp_path: Path
) -> None:
    run = Path(shutil.copytree(runs["survival"], tmp_path / "run"))
    arm = {"column": EVIL, "control": EVIL, "treated": [EVIL], "randomised": "yes"}
    place = run / "provenance.json"
    write_json(place, read_json(place) | {"notes": [EVIL], "arm": arm, "endpoint": "survival"})
    assert main(["report", str(run)]) == 0
    found = Watched(browser, bypass_csp=True)
    page = found.go(run / "report.html")
    assert page.locator("script").count() == 0
    assert f"Note: {EVIL}." in page.locator("#cohort").inner_text()
    assert found.messages == []


@pytest.mark.parametrize("name", ["survival", "response", "evil"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious(
    browser: Browser, runs: dict[str, Path], name: str, scheme: str, width: int
) -> None:
    # The policy of the page would block axe, which is not part of it.
    found = Watched(browser, color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True)
    page = found.go(runs[name] / "report.html")
    open_details(page)
    faults = [
        (fault["id"], fault["nodes"][0]["html"][:200])
        for fault in Axe().run(page).response["violations"]
        if fault["impact"] in ("moderate", "serious", "critical")
    ]
    assert faults == []
    # Only tables, which have a scroll bar, are wider than the window.
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_keys_reach_the_summary_and_open_collapsed_sections(browser: Browser, runs: dict[str, Path]) -> None:
    page = Watched(browser).go(runs["survival"] / "report.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the summary"
    assert page.locator("a.skip").bounding_box()["y"] >= 0  # type: ignore[index]  # it comes into view
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('section').id") == "summary"
    page.locator("#tripod summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#tripod table").is_visible()


def test_checklists_are_printed(browser: Browser, runs: dict[str, Path]) -> None:
    page = Watched(browser, color_scheme="dark").go(runs["survival"] / "report.html")
    assert not page.locator("#tripod table").is_visible()
    page.emulate_media(media="print", color_scheme="dark")
    for folded in ("#tripod", "#model_card"):
        box = page.locator(f"{folded} table").bounding_box()
        assert box is not None
        assert box["height"] > 60
    # Paper is white for every colour scheme.
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    assert 4 <= len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) <= 14
