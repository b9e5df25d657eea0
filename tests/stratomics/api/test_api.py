"""The names of ``import stratomics as st``: all exist, few are there, all are documented, and the import is light."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import stratomics as st

ROOT = Path(__file__).parents[3]
HEAVY = ("torch", "scanpy", "mlflow", "pandas", "numpy", "matplotlib")


def public(module: ModuleType) -> list[str]:
    return [f"{module.__name__.rpartition('.')[2]}.{name}" for name in module.__all__]


def test_every_name_exists_and_they_are_few() -> None:
    assert len(st.__all__) <= 25
    assert st.__all__ == sorted(st.__all__)
    assert all(getattr(st, name) is not None for name in st.__all__)
    assert set(st.__all__) == set(dir(st))


def test_the_stub_has_the_same_names() -> None:
    stub = ast.parse((ROOT / "stratomics" / "__init__.pyi").read_text())
    names = {alias.asname for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert names | {"__version__"} == set(st.__all__)


def test_a_misspelt_name_suggests_the_right_one() -> None:
    with pytest.raises(AttributeError, match="did you mean 'Stratifier'"):
        _ = st.Stratifer


def test_the_import_loads_nothing_heavy() -> None:
    code = f"import sys, stratomics; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", [name for name in st.__all__ if name != "__version__"])
def test_every_name_is_documented_on_the_api_page(name: str) -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    value = getattr(st, name)
    if isinstance(value, ModuleType):
        entries = getattr(value, "__all__", dir(value))
        missing = [entry for entry in entries if not inspect.getdoc(getattr(value, entry))]
        assert not missing
        assert f"`st.{name}" in page
        places = {getattr(value, entry).__module__ for entry in entries}
    else:
        places = {value.__module__ if hasattr(value, "__module__") else ""}
        assert f"st.{name}" in page
    if name != "InputError":
        assert all(f"::: {place}" in page for place in places), places
