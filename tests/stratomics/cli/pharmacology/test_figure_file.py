"""Figures of commands: their endings, and the same bytes each time."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from omics.common.errors import ConfigError
from stratomics.cli.pharmacology.figure_file import check_figure, write_figure


def test_an_unknown_ending_is_refused() -> None:
    assert check_figure("a.svg") == Path("a.svg")
    with pytest.raises(ConfigError, match=r"--figure a\.jpg: unknown ending '\.jpg'"):
        check_figure("a.jpg")


@pytest.mark.parametrize("ending", [".svg", ".png", ".pdf"])
def test_the_same_figure_gives_the_same_bytes(tmp_path: Path, ending: str) -> None:
    contents = []
    for name in ("one", "two"):
        figure = Figure()
        figure.subplots().plot([1, 2])
        write_figure(figure, tmp_path / f"{name}{ending}")
        contents.append((tmp_path / f"{name}{ending}").read_bytes())
    assert contents[0] == contents[1]
