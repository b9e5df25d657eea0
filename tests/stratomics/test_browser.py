"""The report in headless Chromium: nothing leaves the page, nothing complains, all figures are drawn."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from small import QUICK, with_response, write

from stratomics.cli import main

pytestmark = pytest.mark.browser

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
]


def test_the_report_is_drawn_and_asks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is absent; .ci/run installs it")
    monkeypatch.chdir(tmp_path)
    assert main(["run", "configs/experiment/tcga_acc.yaml", *QUICK]) == 0
    report = tmp_path / capsys.readouterr().out.splitlines()[-1] / "report.html"
    dom, complaints = opened(chromium, report, tmp_path / "profile")
    assert dom.count("<svg") == dom.count("<figure") >= 13
    for section in (
        "answer",
        "cohort",
        "performance",
        "sample_size",
        "differs",
        "risk",
        "calibration",
        "time-auc",
        "decision",
        "uncertainty",
        "factors",
        "methods",
        "limits",
        "provenance",
    ):
        assert f'<section id="{section}"' in dom
    assert not complaints
    # The page's own policy forbids every request, so that one would complain: as this one does.
    asking = tmp_path / "asking.html"
    asking.write_text(report.read_text().replace("</main>", '<img src="http://127.0.0.1:9/x.png"></main>'))
    assert opened(chromium, asking, tmp_path / "profile")[1]


def test_the_report_of_a_response_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is absent; .ci/run installs it")
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--cohort", str(write(tmp_path / "small", with_response)), *QUICK]) == 0
    [report] = (tmp_path / "runs").glob("*/report.html")
    dom, complaints = opened(chromium, report, tmp_path / "profile")
    assert dom.count("<svg") == dom.count("<figure") >= 12
    for section in ("classes", "calibration", "decision", "uncertainty"):
        assert f'<section id="{section}"' in dom
        assert f'<a href="#{section}"' in dom
    assert not complaints


def opened(chromium: str, page: Path, profile: Path) -> tuple[str, list[str]]:
    """The document as drawn, and what the console says."""
    words = [chromium, *FLAGS, f"--user-data-dir={profile}", "--dump-dom", page.as_uri()]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]
