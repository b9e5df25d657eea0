"""The built wheel, installed outside the repository, runs next to a user's package named models."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from places import ROOT
from small import SMALLEST


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--quiet",
        "--wheel-dir",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.slow
def test_the_wheel_contains_configs_cohort_types_and_licences(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in (
        "stratomics/configs/default.yaml",
        "stratomics/configs/search/default.yaml",
        "stratomics/configs/experiment/tcga_acc.yaml",
        "omics/bundled/tcga_acc/cohort.yaml",
        "omics/bundled/tcga_acc/NOTICE",
        "omics/bundled/tcga_acc/LICENSE",
        "omics/bundled/tcga_acc/proteomic.csv.gz",
        "stratomics/report/templates/report.html.j2",
        *(
            f"stratomics/strata/biology/data/{name}"
            for name in (
                "hallmark.gmt.gz",
                "wikipathways.gmt.gz",
                "reactome_metabolites.gmt.gz",
                "progeny.csv.gz",
            )
        ),
        "stratomics/docs/errors.md",
        "stratomics/docs/exposure.md",
        "stratomics/docs/twins.md",
        "omics/pgx/tables/2026-10-11/pairs.csv",
        "datamodules/exposure/published/library/vancomycin_goti_2018.yaml",
        "stratomics/pharmacology/tables/guidance.csv",
        *(f"{package}/py.typed" for package in ("omics", "datamodules", "models", "stratomics")),
    ):
        assert name in names, name
    assert any(name.endswith("licenses/NOTICE") for name in names)
    assert not [name for name in names if name.startswith("tests/")]


@pytest.mark.slow
def test_the_wheel_runs_next_to_a_users_package_named_models(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    site = next((environment / "lib").glob("python*")) / "site-packages"
    # Dependencies come from the environment of the tests; the package itself comes from the wheel only.
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--no-deps", "--quiet", str(wheel)], check=True)
    here = tmp_path / "here"
    (here / "models").mkdir(parents=True)
    (here / "models" / "__init__.py").write_text("raise RuntimeError('a package of the user')")
    (here / "models.py").write_text("raise RuntimeError('a module of the user')")
    command = [
        environment / "bin" / "stratomics",
        "run",
        "configs/experiment/tcga_acc.yaml",
        *SMALLEST,
        "--baselines=[clinical_cox]",
    ]
    # Compiled functions have their own tests, and a new installation would compile them for a minute.
    interpreted = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(command, cwd=here, env=interpreted, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (here / done.stdout.splitlines()[-1] / "report.html").is_file()
    imported = subprocess.run(
        [python, "-c", "import sys; sys.path.pop(0); import models; print(models.__file__)"],
        cwd=here,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(site) in imported.stdout
    # A wheel and an editable installation of the same source have the same digest.
    code = "import sys; sys.path.pop(0); from stratomics.runtime.versions import code_digest; "
    code += "print(code_digest('stratomics'))"
    digests = {
        subprocess.run([program, "-c", code], cwd=here, capture_output=True, text=True, check=True).stdout
        for program in (python, sys.executable)
    }
    assert len(digests) == 1
