"""Abbreviations are spelled out at their first use in visible text, and nowhere else."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from places import FROZEN

from stratomics.report.page import write_report
from stratomics.report.text import abbreviations
from stratomics.report.text.abbreviations import ABBREVIATIONS, spell_out, spell_out_plain
from stratomics.runs.run_directory import RunDirectory

ICI = 'integrated calibration index (<abbr title="integrated calibration index">ICI</abbr>)'


def test_only_the_first_use_is_spelled_out() -> None:
    assert spell_out("<p>An ICI 0.1</p><p>ICI 0.2; ICI</p>") == f"<p>An {ICI} 0.1</p><p>ICI 0.2; ICI</p>"


def test_a_name_is_capitalized_where_a_sentence_starts() -> None:
    capitalized = ICI.replace("integrated", "Integrated", 1)
    assert spell_out("<li>ICI 0.1</li>") == f"<li>{capitalized} 0.1</li>"
    assert spell_out("<p>So. ICI</p>") == f"<p>So. {capitalized}</p>"
    assert spell_out("<p>An <b>ICI</b></p>") == f"<p>An <b>{ICI}</b></p>"


def test_a_text_that_is_spelled_out_already_gets_its_mark_only() -> None:
    expected = f"<p>The {ICI}.</p>".replace(
        "integrated calibration index (", "Integrated Calibration Index ("
    )
    assert spell_out("<p>The Integrated Calibration Index (ICI).</p>") == expected


@pytest.mark.parametrize(
    "untouched",
    [
        '<p title="ICI">x</p>',
        '<script>var ICI = "<p>ICI</p>";</script>',
        "<style>.ICI { color: red }</style>",
        "<svg><text>ICI</text></svg>",
        "<code>ICI</code>",
        "<h2>ICI</h2>",
        '<nav class="contents"><a>ICI</a></nav>',
        "<title>ICI</title>",
        "<!-- ICI -->",
        "<p>ICIX, XICI, ICI-2, A-ICI</p>",
        '<abbr title="x">ICI</abbr>',
    ],
)
def test_other_text_is_left_alone(untouched: str) -> None:
    assert spell_out(untouched) == untouched
    assert spell_out(f"{untouched}<p>an ICI</p>") == f"{untouched}<p>an {ICI}</p>"


def test_two_abbreviations_in_one_text_and_a_sign_in_a_name() -> None:
    text = spell_out("<p>AUROC and TRIPOD+AI, not TRIPOD</p>")
    assert text.count("<abbr") == 2
    assert ">TRIPOD+AI</abbr>), not TRIPOD</p>" in text


def test_text_from_files_stays_escaped_and_so_do_full_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(abbreviations.ABBREVIATIONS, "ZZZ", 'a <i>"b"</i>')
    text = spell_out("<p>&lt;script&gt; ZZZ &amp; ICI</p>")
    assert "<i>" not in text
    assert text.startswith(
        '<p>&lt;script&gt; a &lt;i&gt;&#34;b&#34;&lt;/i&gt; (<abbr title="a &lt;i&gt;&#34;b&#34;'
    )
    assert f"&amp; {ICI}</p>" in text


def test_markdown_is_spelled_out_without_tags_except_in_headings() -> None:
    lines = spell_out_plain(["# ICI", "- ICI 0.1", "- an ICI <b>"])
    assert lines == ["# ICI", "- Integrated calibration index (ICI) 0.1", "- an ICI <b>"]


def test_full_names_are_no_abbreviations() -> None:
    for short, full in ABBREVIATIONS.items():
        assert len(full) > len(short)
        assert full == full.strip()


def test_a_report_spells_out_what_it_uses(tmp_path: Path) -> None:
    page = write_report(RunDirectory(Path(shutil.copytree(FROZEN, tmp_path / "run")))).read_text()
    marked = re.findall(r'<abbr title="([^"]+)">([^<]+)</abbr>', page)
    assert {"IBS", "TRIPOD+AI"} <= {short for _, short in marked}
    assert len(marked) == len(set(marked))
    assert all(ABBREVIATIONS[short] == full for full, short in marked)
