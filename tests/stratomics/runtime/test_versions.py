"""The digest of the source text: it changes with the code, and with nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from places import ROOT

from omics.modalities import MODALITIES
from stratomics.config import ExperimentConfig
from stratomics.runs.run_directory import run_digest
from stratomics.runtime.versions import PACKAGES, code_digest, code_digests, package_versions


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the four packages, without compiled files."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            tmp_path / "copy" / package,
            ignore=shutil.ignore_patterns("__pycache__", "bundled"),
        )
    return tmp_path / "copy"


def digest_in(folder: Path) -> str:
    """Digest in a process that imports the packages from `folder`."""
    code = (
        f"import sys; sys.path.insert(0, {str(folder)!r})\n"
        "from stratomics.runtime.versions import code_digest, PROJECT\n"
        "print(code_digest(PROJECT))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_another_place_has_the_same_digest_and_another_text_does_not(copy: Path) -> None:
    before = digest_in(copy)
    assert before == digest_in(ROOT)
    template = next((copy / "stratomics" / "report").rglob("*.j2"))
    template.write_text(template.read_text() + " ")
    changed = digest_in(copy)
    assert changed != before
    (copy / "omics" / "one_more.py").write_text("")
    assert digest_in(copy) not in {before, changed}


def test_other_files_do_not_count(copy: Path) -> None:
    before = digest_in(copy)
    (copy / "models" / "notes.txt").write_text("notes")
    (copy / "models" / "__pycache__").mkdir(exist_ok=True)
    (copy / "models" / "__pycache__" / "config.cpython-311.pyc").write_bytes(b"compiled")
    assert digest_in(copy) == before


def test_it_takes_little_time() -> None:
    code_digest.cache_clear()
    begin = time.process_time()
    code_digest("stratomics")
    assert time.process_time() - begin < 0.1
    begin = time.process_time()
    code_digest("stratomics")
    assert time.process_time() - begin < 0.001


def test_a_registered_module_of_the_user_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(code_digests()) == {"stratomics"}
    module = tmp_path / "my_digest_of_a_test.py"
    module.write_text("MINE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(MODALITIES, "mine", "my_digest_of_a_test:MINE")
    one = code_digests()
    assert set(one) == {"stratomics", "my_digest_of_a_test"}
    module.write_text("MINE = 2\n")
    # A process computes a digest once, since an imported module does not change.
    assert code_digests() == one
    code_digest.cache_clear()
    two = code_digests()
    assert two["stratomics"] == one["stratomics"]
    assert two["my_digest_of_a_test"] != one["my_digest_of_a_test"]
    monkeypatch.setitem(MODALITIES, "mine", "no_such_module_of_a_test:MINE")
    assert code_digests()["no_such_module_of_a_test"] == "absent"


def test_all_files_of_a_package_of_the_user_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "my_package_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "heads.py").write_text("from my_package_of_a_test.layers import SIZE\n")
    (package / "layers.py").write_text("SIZE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = code_digest("my_package_of_a_test")
    (package / "layers.py").write_text("SIZE = 2\n")
    code_digest.cache_clear()
    assert code_digest("my_package_of_a_test") != before


def test_the_hash_of_a_run_depends_on_the_code_and_not_on_the_version() -> None:
    fingerprint, versions = ExperimentConfig().fingerprint(), package_versions()
    one = run_digest(fingerprint, "cohort", versions, {"stratomics": "a"})
    assert run_digest(fingerprint, "cohort", versions | {"stratomics": "9"}, {"stratomics": "a"}) == one
    assert run_digest(fingerprint, "cohort", versions, {"stratomics": "b"}) != one
    assert run_digest(fingerprint, "cohort", versions | {"numpy": "9"}, {"stratomics": "a"}) != one


def test_the_import_is_light_and_the_version_is_that_of_the_installation() -> None:
    code = "import time; b = time.process_time(); import stratomics; print(time.process_time() - b)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 0.1
    from importlib.metadata import version

    import stratomics

    assert stratomics.__version__ == version("stratomics")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = stratomics.nothing
