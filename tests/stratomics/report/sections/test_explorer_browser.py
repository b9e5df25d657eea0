"""The explorer in headless Chromium: controls move, texts are those of Python, and no other host is contacted."""

from __future__ import annotations

import csv
import io
import itertools
import shutil
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from made_once import made_once
from places import ROOT
from playwright.sync_api import Browser, Page, sync_playwright

from omics.common.files import read_json, write_json
from stratomics.cli import main
from stratomics.enrichment.plan.explorer_table import ExplorerTable
from stratomics.enrichment.store import load_explorer
from stratomics.report.sections.explorer_picture import drawn_at, picture_of
from stratomics.report.sections.explorer_texts import shown_at, shown_rows
from stratomics.report.sections.explorer_units import csv_head, in_shown_units
from stratomics.runs.run_directory import RunDirectory
from stratomics.ui.catalogue import Catalogue
from stratomics.ui.server import Server

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-quic", "--disable-background-networking"]
SIMULATED = {
    "--patients": "200",
    "--seed": "7",
    "--missing_views": "0.2",
    "--signal": "0.6",
    "--predictive_strength": "1",
    "--features": "{copy_number: 40, rna: 100, protein: 40, metabolite: 40, microbiome: 40}",
}
"""Some thresholds have a trial, and others have none."""
SCALES = ("threshold", "prevalence", "sensitivity", "specificity", "screening", "weight")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small simulated trial, run and enriched."""

    def make(folder: Path) -> None:
        cohort, runs = str(folder / "cohort"), folder / "runs"
        assert main(["simulate", cohort, *itertools.chain(*SIMULATED.items())]) == 0
        # Baselines and controls have their own tests.
        alone = ["--baselines=[]", "--controls=[]", "--tracking.uri=sqlite:////dev/null/store.db"]
        config = str(ROOT / "configs" / "experiment" / "simulated_trial.yaml")
        assert main(["run", config, "--cohort", cohort, "--runs", str(runs), *alone]) == 0
        [found] = runs.glob("*/report.html")
        assert main(["enrich", str(found.parent), "--trials=100", "--draws=20", "--costs=500,20000"]) == 0
        # An enrichment does not change the manifest of the run.
        assert main(["verify", str(found.parent)]) == 0

    [found] = made_once(tmp_path_factory, "explorer_run", make).glob("runs/*/report.html")
    return found.parent


@pytest.fixture
def two(run: Path, tmp_path: Path) -> Path:
    """A folder with two runs."""
    for name in ("one", "two"):
        shutil.copytree(run, tmp_path / name)
    return tmp_path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("chromium is absent; .ci/run installs it")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@dataclass
class Watched:
    """A page, what it asked for and what it complained of."""

    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def go(self, address: str) -> None:
        self.page.goto(address)

    @property
    def place(self) -> dict[str, int]:
        inputs = self.page.locator("input[data-scale]")
        return {str(one.get_attribute("data-scale")): int(one.input_value()) for one in inputs.all()}

    def texts(self) -> dict[str, str]:
        script = "all => Object.fromEntries(all.map(e => [e.dataset.shown, e.textContent]))"
        found: dict[str, str] = self.page.locator("[data-shown]").evaluate_all(script)
        return found

    def drawn(self) -> dict[str, str]:
        script = """all => Object.fromEntries(all.map(
            e => [e.dataset.drawn, e.getAttribute({path: 'd', g: 'transform', circle: 'r'}[e.tagName])]))"""
        found: dict[str, str] = self.page.locator("[data-drawn]").evaluate_all(script)
        return found

    def rows(self) -> list[dict[str, str]]:
        script = """all => all.map(row => Object.fromEntries(
            [...row.querySelectorAll('[data-cell]')].map(e => [e.dataset.cell, e.textContent])))"""
        found: list[dict[str, str]] = self.page.locator("tr[data-row]").evaluate_all(script)
        return found

    def move(self, scale: str, to: int) -> None:
        script = """(e, to) => {
            e.value = to;
            ["input", "change"].forEach((name) => e.dispatchEvent(new Event(name)));
        }"""
        self.page.locator(f"#explorer-{scale}").evaluate(script, to)


def watched(browser: Browser, **options: Any) -> Watched:
    context = browser.new_context(viewport={"width": 1100, "height": 900}, **options)
    found = Watched(context.new_page())
    found.page.on("request", lambda request: found.asked.append(request.url))
    found.page.on("console", lambda message: found.complaints.append(message.text))
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    return found


@pytest.fixture
def open_page(browser: Browser, run: Path) -> Iterator[Watched]:
    found = watched(browser)
    found.go((run / "report.html").as_uri())
    yield found
    assert found.complaints == []
    assert {urlsplit(address).path for address in found.asked if not address.startswith("blob:")} == {
        (run / "report.html").as_posix()
    }
    found.page.context.close()


def table_of(run: Path) -> ExplorerTable:
    table = load_explorer(RunDirectory(run))
    assert table is not None
    return in_shown_units(table)


def same(found: Watched, table: ExplorerTable, place: Mapping[str, int]) -> None:
    assert found.place == place
    expected = shown_at(table, place)
    assert {name: expected[name] for name in found.texts()} == found.texts()
    picture = picture_of(table)
    assert picture is not None
    assert found.drawn() == drawn_at(picture, place)
    for row, shown in zip(shown_rows(table, place), found.rows(), strict=True):
        assert {name: row[name] for name in shown} == shown
    current = found.page.locator("tr[aria-current]")
    assert current.count() == 1
    assert current.get_attribute("data-row") == str(place["threshold"])


def test_every_text_is_that_of_python(open_page: Watched, run: Path) -> None:
    table = table_of(run)
    same(open_page, table, table.start)
    texts = open_page.texts()
    assert {"threshold", "enriched_patients", "all_patients", "enriched_utility", "status"} <= set(texts)
    lengths = {name: len(table.scales[name]) for name in SCALES}
    places = [{name: (7 * k + 3 * i) % n for i, (name, n) in enumerate(lengths.items())} for k in range(24)]
    places += [{name: edge(n) for name, n in lengths.items()} for edge in (lambda n: 0, lambda n: n - 1)]
    tried = 0
    for place in places:
        for name, at in place.items():
            open_page.move(name, at)
        same(open_page, table, place)
        tried += open_page.texts()["enriched_patients"] != "no trial"
    # Positions without a trial would compare little.
    assert 5 <= tried < len(places)


def test_keys_move_the_controls(open_page: Watched, run: Path) -> None:
    table = table_of(run)
    place = dict(table.start)
    open_page.page.locator("#explorer .more summary").click()
    for name in SCALES:
        slider = open_page.page.get_by_label(
            open_page.page.locator(f"label[for=explorer-{name}]").inner_text(), exact=True
        )
        slider.focus()
        for key, to in (("Home", 0), ("ArrowRight", 1), ("End", len(table.scales[name]) - 1)):
            open_page.page.keyboard.press(key)
            place[name] = to
            same(open_page, table, place)
            assert slider.get_attribute("aria-valuetext") == open_page.texts()[name]


def test_the_second_tab_of_the_page_skips_to_the_explorer(open_page: Watched) -> None:
    page = open_page.page
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the explorer"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "explorer"


def test_every_control_is_within_five_tabs_of_the_section(open_page: Watched) -> None:
    page = open_page.page
    # A link to the section, as in the contents, sets where Tab starts.
    page.evaluate("location.hash = '#explorer'")
    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert reached == [*(f"explorer-{name}" for name in SCALES[:4]), "SUMMARY"]
    page.keyboard.press("Enter")
    for name in SCALES[4:]:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == f"explorer-{name}"


def test_the_picture_is_readable_on_a_telephone(browser: Browser, run: Path) -> None:
    """Nothing is wider than the screen, and the smallest text of the picture has 11 pixels."""
    context = browser.new_context(viewport={"width": 390, "height": 800})
    for width in (390, 1280):
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 800})
        page.goto((run / "report.html").as_uri())
        # The picture of the first screen is two plots wide, and scrolls on a telephone.
        pictures = (
            ("#explorer svg text", "#summary figure svg text") if width < 400 else ("#explorer svg text",)
        )
        for picture in pictures:
            sizes = page.locator(picture).evaluate_all(
                """all => all.map(e => [parseFloat(getComputedStyle(e).fontSize), e.getScreenCTM()]).map(
                    ([size, scale]) => size * Math.hypot(scale.a, scale.b))"""
            )
            assert min(sizes) >= 11.0, picture
        edges = page.locator("#explorer .plots svg").evaluate_all(
            "all => all.map(e => e.getBoundingClientRect().right)"
        )
        assert max(edges) <= width
    context.close()


def test_a_link_opens_the_same_position(open_page: Watched, browser: Browser, run: Path) -> None:
    for name, at in (("threshold", 4), ("specificity", 3), ("screening", 4)):
        open_page.move(name, at)
    open_page.page.get_by_role("button", name="Copy a link").click()
    open_page.page.locator("[data-message]:not(:empty)").first.wait_for(state="attached")
    address = open_page.page.url
    assert "#explorer?threshold=0.4&" in address
    other = watched(browser)
    other.go(address)
    assert other.place == open_page.place
    assert other.texts() == open_page.texts()
    # A value that is not on a scale leaves its control unchanged.
    base = address.split("#")[0]
    other.go("about:blank")
    other.go(f"{base}#explorer?threshold=<script>&weight=17&sensitivity=0.8&toString=1")
    table = table_of(run)
    place = {**table.start} | {"sensitivity": table.scales["sensitivity"].index(0.8)}
    assert other.place == place
    same(other, table, place)
    assert other.complaints == []
    other.page.context.close()
    open_page.page.get_by_role("button", name="Back to the start").click()
    same(open_page, table, table.start)


def test_the_csv_has_the_numbers_that_are_shown(open_page: Watched, run: Path) -> None:
    table = table_of(run)
    assert table.utility is not None
    open_page.move("specificity", 4)
    place = open_page.place
    with open_page.page.expect_download() as download:
        open_page.page.get_by_role("button", name="Export as csv").click()
    assert download.value.suggested_filename == "explorer.csv"
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    names = list(rows[0])
    assert names == csv_head(table)
    assert {
        *(
            "hazard_ratio",
            "duration_years",
            "cost_thousands_where_a_patient_costs_20000",
            "benefit_above",
            "trial",
        ),
        f"power_with_{table.reference}_patients",
    } <= set(names)
    assert [row["design"] for row in rows] == ["enrichment", "all_comers"] * len(table.cuts)
    assert sum(row["shown"] == "1" for row in rows) == 2
    for k, (row, other) in enumerate(zip(rows[::2], rows[1::2], strict=True)):
        at = [k, *(place[name] for name in ("prevalence", "sensitivity", "specificity"))]
        size, effect, cost = (
            deep(part, at) for part in (table.enriched.size, table.enriched.effect, table.enriched.cost)
        )
        ratio, cost_name = "hazard_ratio", "cost_thousands_where_a_patient_costs_20000"
        assert [float(row[key]) for key in (ratio, f"{ratio}_low", f"{ratio}_high")] == effect
        if size is None:
            assert row["trial"] == "no trial"
            assert row["patients"] == row[cost_name] == ""
        else:
            assert row["trial"] == "trial"
            assert [float(row[key]) for key in ("events", "patients", "screened", "duration_years")] == size
            assert float(row[cost_name]) == cost[place["screening"]]
        assert float(row["specificity"]) == table.scales["specificity"][4]
        assert other["specificity"] == ""
        assert float(row["utility"]) == table.utility.inside[k][place["weight"]][0]


def deep(nested: Any, at: list[int]) -> Any:
    for place in at:
        nested = nested[place]
    return nested


def test_without_scripts_the_start_is_shown(browser: Browser, run: Path) -> None:
    found = watched(browser, java_script_enabled=False)
    found.go((run / "report.html").as_uri())
    assert found.page.locator("noscript").count() == 1
    table = table_of(run)
    assert found.page.locator("[data-shown=status]").text_content() == shown_at(table, table.start)["status"]
    assert not found.page.locator("#explorer-threshold").is_visible()
    found.page.context.close()


def test_the_policy_stops_any_other_script(browser: Browser, run: Path, tmp_path: Path) -> None:
    evil = tmp_path / "evil.html"
    text = (run / "report.html").read_text()
    asking = "<script>document.title = 'taken'; fetch('http://127.0.0.1:9/')</script><img src='http://127.0.0.1:9/x'>"
    evil.write_text(text.replace("</main>", f"{asking}</main>"))
    found = watched(browser)
    found.go(evil.as_uri())
    assert found.page.title() != "taken"
    assert len(found.complaints) >= 2
    assert all("Content Security Policy" in complaint for complaint in found.complaints)
    found.page.context.close()


def test_markup_in_names_is_shown_as_text(browser: Browser, run: Path, tmp_path: Path) -> None:
    """Names come from files: a unit that looks like a tag is shown as text."""
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    evil = "</script><img src=x onerror=alert(1)>"
    write_json(copy / "explorer.json", read_json(copy / "explorer.json") | {"score": evil, "unit": evil})
    assert main(["report", str(copy)]) == 0
    found = watched(browser)
    found.go((copy / "report.html").as_uri())
    assert found.page.locator("#explorer img").count() == 0
    assert evil in found.texts()["threshold"]
    assert found.complaints == []
    found.page.context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1100), ("dark", 400)])
def test_axe_finds_nothing_serious(browser: Browser, two: Path, scheme: str, width: int) -> None:
    # The policy of the page would stop axe, which is not part of it.
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True
    )
    page = context.new_page()
    with serving(two) as server:
        compare = f"{server.address.split('?')[0]}compare?run=one&run=two"
        for address in ((two / "one" / "report.html").as_uri(), server.address, compare):
            page.goto(address)
            for details in page.locator("details").all():
                details.evaluate("e => { e.open = true; }")
            assert page.locator("table").count() > 0
            faults = [
                (fault["id"], fault["nodes"][0]["html"][:200])
                for fault in Axe().run(page).response["violations"]
                if fault["impact"] in ("serious", "critical")
            ]
            assert faults == []
    context.close()


class serving:  # noqa: N801  # read as a word: with serving(...)
    """A server in its own thread."""

    def __init__(self, runs: Path) -> None:
        self.server = Server(Catalogue(runs))
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    def __enter__(self) -> Server:
        self.thread.start()
        return self.server

    def __exit__(self, *fault: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def test_the_server_shows_the_same(browser: Browser, two: Path) -> None:
    table = table_of(two / "one")
    with serving(two) as server:
        found = watched(browser)
        found.go(server.address)
        assert "token" not in found.page.url
        button = found.page.locator("#compare")
        assert button.is_disabled()
        assert button.inner_text() == "Select two runs to compare"
        boxes = found.page.get_by_role("checkbox").all()
        boxes[0].check()
        assert button.is_disabled()
        boxes[1].check()
        # A run that the search hides is not compared.
        search = found.page.get_by_role("searchbox")
        search.fill("TWO")
        assert found.page.locator("tbody tr:visible").count() == 1
        assert button.is_disabled()
        search.fill("")
        for box in boxes:
            box.check()
        assert button.inner_text() == "Compare 2 runs"
        button.click()
        assert found.page.get_by_text("Same patients, same endpoint, same metric").is_visible()
        found.page.get_by_role("link", name="two").click()
        found.page.locator("#explorer.alive").wait_for()
        same(found, table, table.start)
        found.page.locator("#explorer-sensitivity").press("ArrowLeft")
        place = {**table.start} | {"sensitivity": table.start["sensitivity"] - 1}
        same(found, table, place)
        assert found.complaints == []
        assert {urlsplit(address).netloc for address in found.asked} == {f"127.0.0.1:{server.server_port}"}
        # Another browser, without the token, sees nothing.
        other = watched(browser)
        other.go(found.page.url)
        assert other.page.locator("#explorer").count() == 0
        assert "open the complete address" in other.page.inner_text("body")
        other.page.context.close()
        found.page.context.close()
