"""The report's first page, checklists and model card, from saved runs: complete, linked, escaped."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from places import FROZEN

from omics.common.files import read_json, write_json, write_parquet
from stratomics.report.model_card import card_of, write_model_card
from stratomics.report.page import write_report
from stratomics.report.sections.tripod import AUTOMATIC, HUMAN, ITEMS, tripod_table
from stratomics.runs.run_directory import RunDirectory

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(Path(shutil.copytree(FROZEN, tmp_path / "run")))


class Outline(HTMLParser):
    """Headings, anchors, links and landmarks of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.anchors: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.anchors += [str(given["id"])] if "id" in given else []
        self.links += [str(given["href"])] if str(given.get("href")).startswith("#") else []
        self.headings += [int(tag[1])] if re.fullmatch(r"h[1-6]", tag) else []


def test_the_page_has_landmarks_headings_in_order_and_no_dead_link(run: RunDirectory) -> None:
    page = Outline(write_report(run).read_text())
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    for landmark in ("header", "nav", "main"):
        assert page.tags.count(landmark) == 1
    assert {link.removeprefix("#") for link in page.links} <= set(page.anchors)
    assert page.links[0] == "#main"
    sections = [a for a in page.anchors if not a.startswith(("figure-", "matplotlib"))]
    assert len(set(sections) & {"answer", "card", "model_card", "tripod", "main"}) == 5


def test_the_first_page_says_the_same_as_the_rules(run: RunDirectory) -> None:
    text = write_report(run).read_text()
    answer = text.split('<section id="answer">')[1].split("</section>")[0]
    for words in (
        "Do omics add over the clinic?",
        "Can this be trusted?",
        "Who should be enrolled?",
        "What next?",
        "0.150 (0.117 to 0.186) against 0.151 (0.120 to 0.195) of clinical Cox",
        "<code>stratomics enrich RUN</code>",
        "The comparison was declared beforehand on IBS, lower is better",
        "1 pass, 7 watch, 0 fail.",
    ):
        assert words in answer
    # A verdict is a word, and not a colour alone.
    verdicts = re.findall(r'<tr role="row" class="(\w+)">.*?</span> (\w+)</span>', answer)
    assert len(verdicts) == 8
    assert all(colour == word for colour, word in verdicts)
    # What was said on the first page before is said beside the figures.
    performance = text.split('<section id="performance">')[1].split("</section>")[0]
    assert "On IBS, stratomics: no evidence of a difference from clinical Cox." in performance


def test_tripod_has_its_27_items_each_filled_or_for_a_human(run: RunDirectory) -> None:
    numbers = [item.number for item in ITEMS]
    assert len(set(numbers)) == len(numbers)
    assert list(dict.fromkeys(int(re.sub(r"\D", "", n)) for n in numbers)) == list(range(1, 28))
    table = tripod_table(run)
    assert len(table) == len(ITEMS)
    for item, row in zip(ITEMS, table.itertuples(index=False), strict=True):
        number, asks, who, said = row
        assert (number, asks) == (item.number, item.asks)
        assert who == (HUMAN if item.fill is None else AUTOMATIC)
        assert len(said) > len("To be written: ")
        assert said.endswith(".")
        assert item.fill is not None or item.hint
    said = dict(zip(table["item"], table.iloc[:, 3], strict=True))
    assert "34 events among 92 patients" in said["20a"]
    assert "3-fold cross-validation" in said["12a"]
    assert "47 of 92 patients lack a view" in said["11"]


def test_the_model_card_travels_and_says_the_same(run: RunDirectory) -> None:
    text = write_model_card(run).read_text()
    page = write_report(run).read_text().split('<section id="model_card"')[1]
    headings = re.findall(r"^## (.*)$", text, flags=re.MULTILINE)
    assert headings == [*card_of(run), "Performance by group"]
    assert re.findall(r"<h3>(.*?)</h3>", page)[: len(headings)] == headings
    for heading in ("Intended use", "Out of scope", "Training data", "Uncertainty", "Limits"):
        assert heading in headings
    assert "sex: female" in text
    # Nobody is named in it.
    assert not any(patient in text for patient in run.sample_ids)


def test_what_comes_from_files_is_escaped(run: RunDirectory) -> None:
    place = run.path / "provenance.json"
    arm = {"column": EVIL, "control": EVIL, "treated": [EVIL], "randomised": "adaptive"}
    write_json(place, read_json(place) | {"cohort": EVIL, "title": EVIL, "notes": [EVIL], "arm": arm})
    renamed = run.patients.rename(columns={"covariate.age": f"covariate.{EVIL}", "view.rppa": f"view.{EVIL}"})
    renamed["site"] = EVIL
    write_parquet(run.path / "patients.parquet", renamed)
    evil = RunDirectory(run.path)
    for path in (write_report(evil), write_model_card(evil)):
        assert EVIL not in path.read_text()
        assert "&lt;script&gt;alert(1)" in path.read_text()
