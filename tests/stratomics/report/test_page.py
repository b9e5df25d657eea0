"""The report page, checklists and model card of a saved run: complete, linked and escaped."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from places import FROZEN

from omics.common.files import read_json, read_parquet, write_json, write_parquet
from stratomics.report.model_card import card_content, write_model_card
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
    assert len(set(sections) & {"summary", "card", "model_card", "tripod", "main"}) == 5


def test_the_summary_shows_the_answers_and_the_card(run: RunDirectory) -> None:
    text = write_report(run).read_text()
    summary = text.split('<section id="summary">')[1].split("</section>")[0]
    for sentence in (
        "Do omics improve prediction over clinical covariates?",
        "Can this run be trusted?",
        "Who should be enrolled?",
        "What are the next steps?",
        "0.135 (0.092 to 0.185) against 0.147 (0.110 to 0.192) for clinical Cox",
        "<code>stratomics enrich RUN</code>",
        '<dd class="value">34 of 92</dd>',
        '<p class="verdict">Not shown</p>',
        "The metric of the comparison was declared in advance: IBS, lower is better",
        "3 pass, 5 watch, 0 fail.",
    ):
        assert sentence in summary
    # A verdict is a word, not only a colour.
    verdicts = re.findall(r'<tr role="row" class="(\w+)">.*?</span> (\w+)</span>', summary)
    assert len(verdicts) == 8
    assert all(colour == word for colour, word in verdicts)
    performance = text.split('<section id="performance">')[1].split("</section>")[0]
    assert "On IBS, stratomics: no evidence of a difference from clinical Cox" in performance
    assert "null model (Kaplan-Meier)" in performance


def test_tripod_has_27_items_each_filled_in_or_to_be_written(run: RunDirectory) -> None:
    numbers = [item.number for item in ITEMS]
    assert len(set(numbers)) == len(numbers)
    assert list(dict.fromkeys(int(re.sub(r"\D", "", n)) for n in numbers)) == list(range(1, 28))
    table = tripod_table(run)
    assert len(table) == len(ITEMS)
    for item, row in zip(ITEMS, table.itertuples(index=False), strict=True):
        number, content, status, text = row
        assert (number, content) == (item.number, item.text)
        assert status == (HUMAN if item.fill is None else AUTOMATIC)
        assert len(text) > len("To be written: ")
        assert text.endswith(".")
        assert item.fill is not None or item.hint
    texts = dict(zip(table["item"], table.iloc[:, 3], strict=True))
    assert "34 events among 92 patients" in texts["20a"]
    assert "3-fold cross-validation" in texts["12a"]
    assert "47 of 92 patients lack at least one view" in texts["11"]


def test_the_model_card_file_and_section_have_the_same_headings(run: RunDirectory) -> None:
    text = write_model_card(run).read_text()
    page = write_report(run).read_text().split('<section id="model_card"')[1]
    headings = re.findall(r"^## (.*)$", text, flags=re.MULTILINE)
    assert headings == [*card_content(run), "Performance by group"]
    assert re.findall(r"<h3>(.*?)</h3>", page)[: len(headings)] == headings
    for heading in ("Intended use", "Out of scope", "Training data", "Uncertainty", "Limitations"):
        assert heading in headings
    assert "sex: female" in text
    # No patient is named in it.
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


def test_markup_and_dollars_from_files_are_harmless(tmp_path: Path) -> None:
    """A patient named <script>, and names that are markup or formulas, in every table and figure."""
    folder = Path(shutil.copytree(FROZEN, tmp_path / "run"))
    bad = "<script>alert(1)</script>"
    patients = read_parquet(folder / "patients.parquet")
    first = patients["sample_id"][0]
    for path in [*folder.glob("*.parquet"), *folder.glob("baselines/*/*.parquet")]:
        table = read_parquet(path)
        if "sample_id" in table:
            write_parquet(path, table.assign(sample_id=table["sample_id"].replace(first, bad)))
    patients["sample_id"] = patients["sample_id"].replace(first, bad)
    patients["site"] = np.where(np.arange(len(patients)) % 2, "<b>$y$</b>", "Leeds")
    patients["arm"] = np.where(np.arange(len(patients)) % 3 == 0, "<i>1</i>", "$2$")
    patients["view.<script>$x$"] = np.arange(len(patients)) % 4 > 0
    patients["covariate.$z$<script>"] = np.where(np.arange(len(patients)) % 5 == 0, np.nan, 1.0)
    write_parquet(folder / "patients.parquet", patients)
    page = write_report(RunDirectory(folder)).read_text()
    for raw in (bad, "<script>", "<b>$y$", "<i>1</i>"):
        assert raw not in page
    for shown in ("&lt;script&gt;$x$", "&lt;b&gt;$y$&lt;/b&gt;", "&lt;i&gt;1&lt;/i&gt;"):
        assert shown in page
    assert len(page) < 6_000_000
