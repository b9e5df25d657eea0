"""Functions that make a small cohort malformed: they change its tables, its specification or its files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anndata
import h5py
import mudata
import numpy as np
import openpyxl
import pandas as pd

Frames = dict[str, pd.DataFrame]
Spec = dict[str, Any]
OnDisk = Callable[[Path], Path | None]
"""Changes the written folder; returns the path to read where it is not the folder."""
Change = Callable[[Frames, Spec], OnDisk | None]


@dataclass(frozen=True)
class Fault:
    """One malformed cohort.

    Attributes
    ----------
    kind
        Class of the fault.
    name
        Name of this cohort: the fault, then after a colon where it is.
    change
        Change of the small cohort.
    code, file, column, patient
        Attributes of the error; of `file` only the end.
    """

    kind: str
    name: str
    change: Change
    code: str
    file: str
    column: str | None = None
    patient: str | None = None


def cell(table: str, row: int, column: str, value: Any) -> Change:
    def change(frames: Frames, spec: Spec) -> None:
        frames[table] = frames[table].astype({column: object})
        frames[table].loc[frames[table].index[row], column] = value

    return change


def column(table: str, name: str, values: Any) -> Change:
    def change(frames: Frames, spec: Spec) -> None:
        frames[table] = frames[table].assign(**{name: values})

    return change


def rows(table: str, count: int) -> Change:
    def change(frames: Frames, spec: Spec) -> None:
        frames[table] = frames[table].iloc[:count]

    return change


def key(*path: str, value: Any) -> Change:
    def change(frames: Frames, spec: Spec) -> None:
        place = spec
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = value

    return change


def without(*path: str) -> Change:
    def change(frames: Frames, spec: Spec) -> None:
        place = spec
        for part in path[:-1]:
            place = place[part]
        del place[path[-1]]

    return change


def both(*changes: Change) -> Change:
    def change(frames: Frames, spec: Spec) -> OnDisk | None:
        later = [after for one in changes if (after := one(frames, spec)) is not None]
        return later[0] if later else None

    return change


def content(file: str, change: Callable[[bytes], bytes]) -> Change:
    """Change the bytes of a file."""

    def on_disk(folder: Path) -> None:
        (folder / file).write_bytes(change((folder / file).read_bytes()))

    return lambda frames, spec: on_disk


def replaced(file: str, old: bytes, new: bytes, count: int = 1) -> Change:
    def change(text: bytes) -> bytes:
        assert old in text
        return text.replace(old, new, count)

    return content(file, change)


def response(**keys: Any) -> Change:
    """Declare a response beside survival, on a column of its own."""
    return both(
        column("outcome", "recist", ["PR", "PD"] * 20),
        key("endpoints", "response", value={"column": "recist", "positive": "PR"} | keys),
    )


def arm(**keys: Any) -> Change:
    return both(
        column("outcome", "dose", [0, 18] * 20), key("arm", value={"column": "dose", "control": 0} | keys)
    )


def moved(name: str, file: str, write: Callable[[pd.DataFrame, Path], None]) -> Change:
    """Write the view `name` as `file` in another format."""

    def change(frames: Frames, spec: Spec) -> OnDisk:
        frame = frames.pop(name)
        spec["views"][name]["file"] = file
        return lambda folder: write(frame, folder / file)

    return change


def transposed(frames: Frames, spec: Spec) -> None:
    frames["rna"] = frames["rna"].set_index("sample_id").T.reset_index(names="gene")


def renamed(rename: Callable[[int], str]) -> Change:
    """Change the ids of the patients of the rna view."""

    def change(frames: Frames, spec: Spec) -> None:
        frames["rna"]["sample_id"] = [rename(i) for i in range(len(frames["rna"]))]

    return change


def numbered_rows(frames: Frames, spec: Spec) -> None:
    frames["rna"].insert(0, "row", [f"r{i}" for i in range(len(frames["rna"]))])


def scaled(
    scale: str, values: Callable[[np.ndarray], np.ndarray], modality: str = "transcriptomics"
) -> Change:
    def change(frames: Frames, spec: Spec) -> None:
        spec["views"]["rna"] |= {"scale": scale, "modality": modality}
        features = frames["rna"].columns[1:]
        frames["rna"][features] = values(frames["rna"][features].to_numpy())

    return change


def sheet(change: Callable[[Any, Any], Any]) -> Change:
    def write(frame: pd.DataFrame, path: Path) -> None:
        book = openpyxl.Workbook()
        for row in [list(frame.columns), *frame.to_numpy().tolist()]:
            book.active.append(row)
        change(book, book.active)
        book.save(path)

    return moved("rna", "rna.xlsx", write)


def as_anndata(frame: pd.DataFrame) -> anndata.AnnData:
    values = frame.set_index("sample_id")
    return anndata.AnnData(
        values.to_numpy(),
        obs=pd.DataFrame(index=list(values.index)),
        var=pd.DataFrame(index=list(values.columns)),
    )


def h5ad(change: Callable[[anndata.AnnData], Any] = id, store: Callable[[Any], Any] = id) -> Change:
    def write(frame: pd.DataFrame, path: Path) -> None:
        table = as_anndata(frame)
        change(table)
        table.write_h5ad(path)
        with h5py.File(path, "a") as file:
            store(file)

    return moved("rna", "rna.h5ad", write)


def h5mu(change: Callable[[mudata.MuData], Any] = id, spec_change: Callable[[Spec], Any] = id) -> Change:
    """Read the cohort from an h5mu file instead of the folder."""

    def prepare(frames: Frames, spec: Spec) -> OnDisk:
        spec_change(spec)

        def on_disk(folder: Path) -> Path:
            samples = frames["outcome"].set_index("sample_id").rename_axis(None)
            views = {name: as_anndata(frames[name]) for name in ("rna", "protein")}
            mudata.set_options(pull_on_update=False)
            cohort = mudata.MuData({"clinical": anndata.AnnData(obs=samples[[]].copy()), **views})
            cohort.obs = samples.loc[cohort.obs_names].copy()
            cohort.uns["stratomics"] = {"spec": json.dumps(spec)}
            change(cohort)
            cohort.write_h5mu(folder / "cohort.h5mu")
            return folder / "cohort.h5mu"

        return on_disk

    return prepare


def cut(change: Change, file: str, size: int) -> Change:
    """Keep the first `size` bytes of a file that `change` wrote."""

    def prepare(frames: Frames, spec: Spec) -> OnDisk:
        written = change(frames, spec)
        assert written is not None

        def on_disk(folder: Path) -> Path | None:
            source = written(folder)
            (folder / file).write_bytes((folder / file).read_bytes()[:size])
            return source

        return on_disk

    return prepare


def text_file(file: str, text: str, **keys: Any) -> Change:
    """Write the rna view as a file of another format."""

    def change(frames: Frames, spec: Spec) -> OnDisk:
        spec["views"]["rna"] |= {"file": file} | keys
        return lambda folder: _written(folder / file, text)

    return change


def _written(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
