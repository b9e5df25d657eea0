"""The docs: built strictly without a network, complete over the tables, and true to what they quote."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import stratomics
from models.factors import FACTOR_MODELS
from models.heads import HEADS
from omics.cohort.spec import ENDPOINT_KINDS, ArmSpec, CohortSpec, EndpointSpec, SamplesSpec, ViewSpec
from omics.common.registry import resolve
from omics.modalities import MODALITIES
from stratomics.cli import COMMANDS

ROOT = Path(stratomics.__file__).parents[1]
DOCS = ROOT / "docs"

pytest.importorskip("mkdocs")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build as `make docs` does; a broken link, anchor or reference ends it, and so does an attempt at the network."""
    folder = tmp_path_factory.mktemp("site")
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, **nowhere},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def test_the_site_is_built_strictly(site: Path) -> None:
    for place in ("index.html", "quick_start.html", "api/omics.html"):
        assert (site / place).is_file()
    assert "read_cohort" in (site / "api" / "omics.html").read_text(encoding="utf-8")


def test_no_page_fetches_anything(site: Path) -> None:
    fetched = re.compile(r"""<(?:script|link|img|iframe)[^>]+(?:src|href)=["']?(?:https?:)?//[^"'> ]+""")
    for file in site.rglob("*.html"):
        assert not fetched.findall(file.read_text(encoding="utf-8")), file


def test_every_error_has_its_anchor_on_the_page(site: Path) -> None:
    html = (site / "errors.html").read_text(encoding="utf-8")
    headings = re.findall(r"^### (\S+)$", page("errors.md").lower(), flags=re.MULTILINE)
    assert len(headings) > 100
    assert not [code for code in headings if f'id="{code}"' not in html]


@pytest.mark.parametrize("name", MODALITIES)
def test_every_modality_has_a_section_with_its_scales(name: str) -> None:
    section = page("modalities.md").split(f"\n## {name}\n")[1].split("\n## ")[0]
    said = re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)
    assert sorted(said) == sorted(resolve(MODALITIES, name, "modality").scales)


def test_every_factor_model_and_head_is_explained() -> None:
    said = set(re.findall(r"^\| `(\w+)` \|", page("models.md"), flags=re.MULTILINE))
    assert {*FACTOR_MODELS, *HEADS["survival"], *HEADS["response"]} == said


def test_every_key_of_a_cohort_is_explained() -> None:
    text = page("cohort.md")
    kinds = (SamplesSpec, ViewSpec, EndpointSpec, ArmSpec, CohortSpec)
    keys = {name for kind in kinds for name in kind.__dataclass_fields__} | set(ENDPOINT_KINDS)
    assert not [key for key in keys if not re.search(rf"\b{key}\b", text)]


def test_commands_that_are_quoted_exist() -> None:
    for path in DOCS.glob("*.md"):
        blocks = re.findall(
            r"^```sh\n(.*?)^```", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
        )
        quoted = re.findall(r"\bstratomics (\w+)", "\n".join(blocks))
        assert set(quoted) <= set(COMMANDS), path


def test_figures_of_the_comparison_stand_in_the_readme_too() -> None:
    rows = [line for line in page("compare.md").splitlines() if line.endswith("| 92 of 92 |")]
    assert len(rows) == 6
    assert not [row for row in rows if row not in (ROOT / "README.md").read_text(encoding="utf-8")]


def test_every_page_is_in_the_contents() -> None:
    listed = re.findall(r": (\S+\.md)", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    there = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert there == set(listed)
    assert yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["theme"]["font"] is False
