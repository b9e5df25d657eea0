"""The documentation: built strictly without a network, complete for every registry, and consistent with the code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import stratomics
from models.config import AUTO
from models.factors import FACTOR_MODELS
from models.heads import HEADS
from omics.cohort.spec import ENDPOINT_KINDS, ArmSpec, CohortSpec, EndpointSpec, SamplesSpec, ViewSpec
from omics.common.registry import resolve
from omics.modalities import MODALITIES
from stratomics.cli import COMMANDS
from stratomics.report.text.abbreviations import ABBREVIATIONS

ROOT = Path(stratomics.__file__).parents[1]
DOCS = ROOT / "docs"

pytest.importorskip("mkdocs")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build as `make docs` does; a broken link, anchor or reference is an error, and so is a network access."""
    folder = tmp_path_factory.mktemp("site")
    no_network = dict.fromkeys(
        ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, **no_network},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.mark.slow
@pytest.mark.slow
def test_the_site_is_built_strictly(site: Path) -> None:
    for file in ("index.html", "quick_start.html", "api/omics.html"):
        assert (site / file).is_file()
    assert "read_cohort" in (site / "api" / "omics.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_no_page_fetches_anything(site: Path) -> None:
    fetched = re.compile(r"""<(?:script|link|img|iframe)[^>]+(?:src|href)=["']?(?:https?:)?//[^"'> ]+""")
    for file in site.rglob("*.html"):
        assert not fetched.findall(file.read_text(encoding="utf-8")), file


@pytest.mark.slow
def test_every_error_has_its_anchor_on_the_page(site: Path) -> None:
    html = (site / "errors.html").read_text(encoding="utf-8")
    headings = re.findall(r"^### (\S+)$", page("errors.md").lower(), flags=re.MULTILINE)
    assert len(headings) > 100
    assert not [code for code in headings if f'id="{code}"' not in html]


@pytest.mark.parametrize("name", MODALITIES)
def test_every_modality_has_a_section_with_its_scales(name: str) -> None:
    section = page("modalities.md").split(f"\n## {name}\n")[1].split("\n## ")[0]
    scales = re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)
    assert sorted(scales) == sorted(resolve(MODALITIES, name, "modality").scales)


def test_every_factor_model_and_head_is_explained() -> None:
    explained = set(re.findall(r"^\| `(\w+)` \|", page("models.md"), flags=re.MULTILINE))
    assert {AUTO, *FACTOR_MODELS, *HEADS["survival"], *HEADS["response"]} == explained


def test_every_key_of_a_cohort_is_explained() -> None:
    text = page("cohort.md")
    kinds = (SamplesSpec, ViewSpec, EndpointSpec, ArmSpec, CohortSpec)
    keys = {name for kind in kinds for name in kind.__dataclass_fields__} | set(ENDPOINT_KINDS)
    assert not [key for key in keys if not re.search(rf"\b{key}\b", text)]


@pytest.mark.parametrize("short", ABBREVIATIONS)
def test_the_glossary_explains_every_abbreviation_of_the_report(short: str) -> None:
    (row,) = (line for line in page("glossary.md").splitlines() if line.startswith(f"| {short} |"))
    assert ABBREVIATIONS[short].lower() in row.lower()


def test_quoted_commands_exist() -> None:
    for path in DOCS.glob("*.md"):
        blocks = re.findall(
            r"^```sh\n(.*?)^```", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
        )
        quoted = re.findall(r"\bstratomics (\w+)", "\n".join(blocks))
        assert set(quoted) <= set(COMMANDS), path


def test_the_readme_shows_the_figures_of_the_comparison() -> None:
    predicted = "| 92 of 92 |"
    rows = [line for line in page("compare.md").splitlines() if line.endswith(predicted)]
    assert len(rows) == 7
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "all 92 patients" in readme.replace("\n", " ")
    # The last column of the README is another one.
    assert not [row for row in rows if row.removesuffix(predicted[1:]) not in readme]


def test_every_page_is_in_the_navigation() -> None:
    listed = re.findall(r": (\S+\.md)", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert pages == set(listed)
    assert yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["theme"]["font"] is False
