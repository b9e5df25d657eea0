"""Every malformed cohort gives an error with a specific sentence, code, file, column and patient."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_once import made_once
from malformed import Fault, Frames, Spec, key, renamed, transposed
from malformed_table import FAULTS

from omics.checks.check_cohort import check_cohort
from omics.checks.finding import ERROR
from omics.cohort.read import inspect_cohort, read_cohort
from omics.common.errors import CohortError

NAMES = [f"{fault.kind}: {fault.name}" for fault in FAULTS]
WriteSmall = Callable[..., Path]


def write(fault: Fault, write_small: WriteSmall) -> Path:
    """Write a malformed cohort and return the path to read."""
    later = []
    folder = write_small(lambda frames, spec: later.append(fault.change(frames, spec)))
    return (later[0] and later[0](folder)) or folder


@pytest.fixture(scope="session")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the sentences of faults that were already read, which all test processes share."""
    return made_once(tmp_path_factory, "sentences", lambda folder: None)


def only_error(fault: Fault, write_small: WriteSmall) -> CohortError:
    cohort, errors = inspect_cohort(write(fault, write_small))
    assert cohort is None
    (error,) = errors  # one fault is reported once
    return error


@pytest.mark.filterwarnings("ignore:Observation names are not unique", "ignore:Variable names are not unique")
@pytest.mark.filterwarnings("ignore:var_names are not unique")
@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
def test_fault_has_a_specific_sentence(write_small: WriteSmall, fault: Fault, sentences: Path) -> None:
    source = write(fault, write_small)
    with pytest.raises(CohortError) as caught:
        read_cohort(source)
    error = caught.value
    assert (error.code, error.column, error.patient) == (fault.code, fault.column, fault.patient)
    assert str(error.file).endswith(fault.file)
    assert str(error).isprintable()
    # A sentence says what to do, and shows no class or memory address of an error from a library.
    assert not re.search(r"Error\b|Traceback|0x[0-9a-f]{6,}|<class", str(error))
    findings = check_cohort(source)
    assert [(f.code, f.severity, f.sentence) for f in findings] == [(error.code, ERROR, error.sentence)]
    number = str(FAULTS.index(fault))
    (sentences / f"{number}.part").write_text(error.sentence)
    (sentences / f"{number}.part").rename(sentences / number)


def template(sentence: str) -> str:
    """Sentence without its quotations and numbers."""
    return re.sub(r"'[^']*'|[-+]?\d+(\.\d+)?", "_", sentence)


@pytest.mark.filterwarnings("ignore:Observation names are not unique", "ignore:Variable names are not unique")
@pytest.mark.filterwarnings("ignore:var_names are not unique")
def test_different_faults_have_different_sentences(
    write_small: WriteSmall, tmp_path: Path, sentences: Path
) -> None:
    assert len(FAULTS) >= 140
    assert len({fault.kind for fault in FAULTS}) >= 20
    assert len(set(NAMES)) == len(NAMES)
    faults: dict[str, set[str]] = {}
    for number, fault in enumerate(FAULTS):
        # Most sentences are known from the test above; a run of this test alone reads all malformed cohorts.
        known = sentences / str(number)
        if known.exists():
            sentence = known.read_text()
        else:
            shutil.rmtree(tmp_path / "small", ignore_errors=True)
            sentence = only_error(fault, write_small).sentence
        faults.setdefault(template(sentence), set()).add(fault.name.partition(":")[0])
    shared = {sentence: names for sentence, names in faults.items() if len(names) > 1}
    assert not shared
    assert len(faults) >= 100


@pytest.mark.parametrize("name", ["ids: one spelled otherwise", "h5mu: no specification"])
def test_the_command_line_shows_the_error_and_exits_with_2(write_small: WriteSmall, name: str) -> None:
    fault = FAULTS[NAMES.index(name)]
    source = write(fault, write_small)
    words = [sys.executable, "-m", "stratomics", "check", str(source), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f'"code": "{fault.code}"' in done.stdout
    assert "1 error(s) listed above" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_small_cohort_itself_is_fine(write_small: Callable[..., Path]) -> None:
    cohort = read_cohort(write_small())
    assert cohort.n_obs == 40
    assert cohort["protein"].n_obs == 30


def test_a_transposed_view_is_distinguished_from_one_of_other_patients(
    write_small: Callable[..., Path],
) -> None:
    with pytest.raises(CohortError, match="set orient"):
        read_cohort(write_small(transposed))
    with pytest.raises(CohortError) as caught:
        read_cohort(write_small(renamed(lambda i: f"x{i}")))
    assert "orient" not in str(caught.value)


def test_a_transposed_view_is_read_when_declared(write_small: Callable[..., Path]) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        transposed(frames, spec)
        spec["views"]["rna"]["orient"] = "features_in_rows"

    declared, usual = read_cohort(write_small(change)), read_cohort(write_small())
    np.testing.assert_array_equal(declared["rna"].X, usual["rna"].X)
    assert list(declared["rna"].var_names) == list(usual["rna"].var_names)


def test_yaml_cannot_run_code(write_small: Callable[..., Path], tmp_path: Path) -> None:
    folder = write_small()
    trace = tmp_path / "ran"
    (folder / "cohort.yaml").write_text(f"name: !!python/object/apply:os.mkdir ['{trace}']\n")
    with pytest.raises(CohortError):
        read_cohort(folder)
    assert not trace.exists()


def test_nearest_word_is_offered(write_small: Callable[..., Path]) -> None:
    with pytest.raises(CohortError, match="did you mean 'transcriptomics'"):
        read_cohort(write_small(key("views", "rna", "modality", value="transcriptomic")))
