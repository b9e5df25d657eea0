"""Every malformed cohort gets its own sentence, with code, file and column."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from omics.cohort import read_cohort
from omics.errors import CohortError

Frames = dict[str, pd.DataFrame]
Spec = dict[str, Any]


def _set(table: str, row: int, column: str, value: Any) -> Callable[[Frames, Spec], None]:
    def change(frames: Frames, spec: Spec) -> None:
        frames[table] = frames[table].astype({column: object})
        frames[table].loc[frames[table].index[row], column] = value

    return change


def _spec(*path: str, value: Any) -> Callable[[Frames, Spec], None]:
    def change(frames: Frames, spec: Spec) -> None:
        place = spec
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return change


def _drop(*path: str) -> Callable[[Frames, Spec], None]:
    def change(frames: Frames, spec: Spec) -> None:
        place = spec
        for key in path[:-1]:
            place = place[key]
        del place[path[-1]]

    return change


def _renamed_ids(frames: Frames, spec: Spec) -> None:
    frames["rna"]["sample_id"] = [f"x{i}" for i in range(len(frames["rna"]))]


def _transposed(frames: Frames, spec: Spec) -> None:
    frames["rna"] = frames["rna"].set_index("sample_id").T.reset_index(names="gene")


FAULTS: list[tuple[str, Callable[[Frames, Spec], None], str, str | None, str | None, str | None]] = [
    # name, change, code, end of file, column, patient
    (
        "duplicated id in samples",
        _set("outcome", 1, "sample_id", "p000"),
        "duplicate_patient",
        "outcome.csv",
        "sample_id",
        "p000",
    ),
    (
        "duplicated id in a view",
        _set("rna", 1, "sample_id", "p000"),
        "duplicate_patient",
        "rna.csv",
        "sample_id",
        "p000",
    ),
    ("no id", _set("outcome", 1, "sample_id", None), "empty_id", "outcome.csv", "sample_id", None),
    (
        "unknown id in a view",
        _set("rna", 3, "sample_id", "nobody"),
        "unknown_patient",
        "rna.csv",
        None,
        "nobody",
    ),
    ("a view without shared ids", _renamed_ids, "no_shared_ids", "rna.csv", None, None),
    ("a transposed view", _transposed, "no_shared_ids", "rna.csv", None, None),
    ("text in a view", _set("rna", 2, "rna4", "high"), "text_for_number", "rna.csv", "rna4", "p002"),
    ("infinite value in a view", _set("rna", 2, "rna4", "inf"), "infinite_value", "rna.csv", "rna4", "p002"),
    ("text in time", _set("outcome", 5, "time", "long"), "text_for_number", "outcome.csv", "time", "p005"),
    ("negative time", _set("outcome", 5, "time", -3), "negative_time", "outcome.csv", "time", "p005"),
    ("event of 2", _set("outcome", 5, "event", 2), "event_not_binary", "outcome.csv", "event", "p005"),
    (
        "event in words",
        _set("outcome", 5, "event", "dead"),
        "text_for_number",
        "outcome.csv",
        "event",
        "p005",
    ),
    (
        "no such time column",
        _spec("endpoints", "survival", "time", value="tiem"),
        "missing_column",
        "outcome.csv",
        "tiem",
        None,
    ),
    ("no such covariate", _spec("covariates", value=["aeg"]), "missing_column", "outcome.csv", "aeg", None),
    (
        "no such id column",
        _spec("samples", "id", value="patient"),
        "missing_column",
        "outcome.csv",
        "patient",
        None,
    ),
    (
        "no such site column",
        _spec("site", value="hospital"),
        "missing_column",
        "outcome.csv",
        "hospital",
        None,
    ),
    (
        "an outcome as covariate",
        _spec("covariates", value=["age", "event"]),
        "outcome_as_covariate",
        "outcome.csv",
        "event",
        None,
    ),
    (
        "missing view file",
        _spec("views", "rna", "file", value="rnaa.csv"),
        "missing_file",
        "rnaa.csv",
        None,
        None,
    ),
    ("missing samples file", _spec("samples", "file", value="x.csv"), "missing_file", "x.csv", None, None),
    (
        "unknown ending",
        _spec("views", "rna", "file", value="cohort.yaml"),
        "unknown_format",
        "cohort.yaml",
        None,
        None,
    ),
    ("unknown key", _spec("covariats", value=["age"]), "unknown_key", "cohort.yaml", None, None),
    (
        "unknown key in a view",
        _spec("views", "rna", "skale", value="log"),
        "unknown_key",
        "cohort.yaml",
        None,
        None,
    ),
    (
        "unknown modality",
        _spec("views", "rna", "modality", value="transcriptomic"),
        "unknown_modality",
        "cohort.yaml",
        None,
        None,
    ),
    (
        "unknown scale",
        _spec("views", "rna", "scale", value="logs"),
        "unknown_scale",
        "cohort.yaml",
        None,
        None,
    ),
    (
        "a scale of another modality",
        _spec("views", "rna", "scale", value="dosage"),
        "unknown_scale",
        "cohort.yaml",
        None,
        None,
    ),
    (
        "unknown kind of endpoint",
        _spec("endpoints", value={"survvial": {"time": "time", "event": "event"}}),
        "unknown_kind",
        "cohort.yaml",
        None,
        None,
    ),
    (
        "endpoint without event",
        _drop("endpoints", "survival", "event"),
        "missing_key",
        "cohort.yaml",
        "event",
        None,
    ),
    ("view without scale", _drop("views", "rna", "scale"), "missing_key", "cohort.yaml", "scale", None),
    ("view without file", _drop("views", "rna", "file"), "missing_key", "cohort.yaml", "file", None),
    ("no samples", _drop("samples"), "missing_key", "cohort.yaml", "samples", None),
    ("no views", _spec("views", value={}), "no_views", "cohort.yaml", None, None),
    ("no endpoints", _spec("endpoints", value={}), "no_endpoints", "cohort.yaml", None, None),
    (
        "a view called clinical",
        lambda f, s: s["views"].update(clinical=s["views"]["rna"]),
        "reserved_name",
        "cohort.yaml",
        None,
        None,
    ),
    ("unknown primary", _spec("primary", value="survvial"), "unknown_primary", "cohort.yaml", None, None),
    (
        "unknown unit",
        _spec("endpoints", "survival", "unit", value="day"),
        "unknown_unit",
        "outcome.csv",
        None,
        None,
    ),
    (
        "unknown orient",
        _spec("views", "rna", "orient", value="rows"),
        "unknown_orient",
        "cohort.yaml",
        None,
        None,
    ),
    (
        "a view measured later",
        _spec("views", "rna", "timing", value="week 12"),
        "not_baseline",
        "cohort.yaml",
        None,
        None,
    ),
    ("views as a list", _spec("views", value=["rna"]), "not_a_mapping", "cohort.yaml", None, None),
]


@pytest.mark.parametrize(
    ("change", "code", "file", "column", "patient"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_fault_has_its_own_sentence(
    write_small: Callable[..., Path],
    change: Any,
    code: str,
    file: str | None,
    column: str | None,
    patient: str | None,
) -> None:
    with pytest.raises(CohortError) as caught:
        read_cohort(write_small(change))
    error = caught.value
    assert error.code == code
    assert error.file is not None
    assert file is not None
    assert error.file.endswith(file)
    assert (error.column, error.patient) == (column, patient)
    assert "\n" not in str(error)


def test_the_small_cohort_itself_is_fine(write_small: Callable[..., Path]) -> None:
    cohort = read_cohort(write_small())
    assert cohort.n_obs == 40
    assert cohort["protein"].n_obs == 30


def test_a_transposed_view_is_told_apart_from_a_foreign_one(write_small: Callable[..., Path]) -> None:
    with pytest.raises(CohortError, match="set orient"):
        read_cohort(write_small(_transposed))
    with pytest.raises(CohortError) as caught:
        read_cohort(write_small(_renamed_ids))
    assert "orient" not in str(caught.value)


def test_a_transposed_view_is_read_when_declared(write_small: Callable[..., Path]) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        _transposed(frames, spec)
        spec["views"]["rna"]["orient"] = "features_in_rows"

    turned, straight = read_cohort(write_small(change)), read_cohort(write_small())
    np.testing.assert_array_equal(turned["rna"].X, straight["rna"].X)
    assert list(turned["rna"].var_names) == list(straight["rna"].var_names)


def test_a_repeated_column_is_refused(write_small: Callable[..., Path]) -> None:
    folder = write_small()
    text = (folder / "rna.csv").read_text().replace("rna1,", "rna0,", 1)
    (folder / "rna.csv").write_text(text)
    with pytest.raises(CohortError) as caught:
        read_cohort(folder)
    assert (caught.value.code, caught.value.column) == ("duplicate_column", "rna0")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"\x1f\x8bnonsense", "unreadable_file"),
        (gzip.compress(b"sample_id,a\np000,1\n", mtime=0)[:-9], "unreadable_file"),
    ],
    ids=["empty", "not gzip", "cut short"],
)
def test_a_broken_file_is_named(write_small: Callable[..., Path], content: bytes, code: str) -> None:
    folder = write_small(_spec("views", "rna", "file", value="rna.csv.gz"))
    (folder / "rna.csv.gz").write_bytes(content)
    with pytest.raises(CohortError) as caught:
        read_cohort(folder)
    assert caught.value.code == code
    assert str(caught.value.file).endswith("rna.csv.gz")


def test_invalid_yaml_is_one_line(write_small: Callable[..., Path]) -> None:
    folder = write_small()
    (folder / "cohort.yaml").write_text("views: [unclosed\nname: x")
    with pytest.raises(CohortError) as caught:
        read_cohort(folder)
    assert caught.value.code == "invalid_yaml"
    assert "\n" not in str(caught.value)


def test_yaml_cannot_run_code(write_small: Callable[..., Path], tmp_path: Path) -> None:
    folder = write_small()
    trace = tmp_path / "ran"
    (folder / "cohort.yaml").write_text(f"name: !!python/object/apply:os.mkdir ['{trace}']\n")
    with pytest.raises(CohortError):
        read_cohort(folder)
    assert not trace.exists()


def test_nearest_word_is_offered(write_small: Callable[..., Path]) -> None:
    with pytest.raises(CohortError, match="did you mean 'transcriptomics'"):
        read_cohort(write_small(_spec("views", "rna", "modality", value="transcriptomic")))
