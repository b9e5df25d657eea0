from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from omics.cohort.spec import ViewSpec
from omics.cohort.views import read_view
from omics.common.errors import CohortError
from omics.readers import FOLDERS
from omics.readers.plain_tables import read_table
from omics.readers.sample_files import STAR_SUFFIX, names_of_samples

Write = Callable[[Path, int], None]
IDS = ["S1", "S2", "S3"]


def star(folder: Path, seed: int) -> None:
    rows = [("N_unmapped", 900), ("N_noFeature", 70), ("ENSG1", 5 + seed), ("ENSG2", 0)]
    (folder / f"S{seed}_ReadsPerGene.out.tab").write_text(
        "".join(f"{g}\t{n}\t{n + 1}\t{n + 2}\n" for g, n in rows)
    )


def star_in_folders(folder: Path, seed: int) -> None:
    (folder / f"S{seed}").mkdir()
    (folder / f"S{seed}" / "ReadsPerGene.out.tab").write_text(f"ENSG1\t{5 + seed}\t0\t0\nENSG2\t0\t0\t0\n")


def htseq(folder: Path, seed: int) -> None:
    (folder / f"S{seed}.htseq.counts").write_text(f"ENSG1\t{5 + seed}\nENSG2\t0\n__no_feature\t70\n")


def rsem(folder: Path, seed: int) -> None:
    (folder / f"S{seed}.genes.results").write_text(
        f"gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM\n"
        f"ENSG1\tT1,T2\t900.0\t800.0\t{5 + seed}.00\t1.5\t1.2\nENSG2\tT3\t500.0\t400.0\t0.00\t0.0\t0.0\n"
    )


def kallisto(folder: Path, seed: int) -> None:
    (folder / f"S{seed}").mkdir()
    (folder / f"S{seed}" / "abundance.tsv").write_text(
        f"target_id\tlength\teff_length\test_counts\ttpm\nENSG1\t900\t700.5\t{5 + seed}\t2\nENSG2\t80\t5\t0\t0\n"
    )


KINDS: list[tuple[str, Write]] = [
    ("star", star),
    ("star", star_in_folders),
    ("htseq", htseq),
    ("rsem", rsem),
    ("kallisto", kallisto),
]


def written(folder: Path, write: Write) -> Path:
    folder.mkdir()
    for seed in (1, 2, 3):
        write(folder, seed)
    return folder


@pytest.mark.parametrize(("kind", "write"), KINDS, ids=lambda value: getattr(value, "__name__", value))
def test_counts_of_all_samples(kind: str, write: Write, tmp_path: Path) -> None:
    assert kind in FOLDERS
    written(tmp_path / "counts", write)
    view = ViewSpec("transcriptomics", "counts", file="counts", format=kind)
    table = read_view(tmp_path, "rna", view, None, "cohort.yaml")
    assert list(table.index) == IDS
    assert table.to_dict("list") == {"ENSG1": [6, 7, 8], "ENSG2": [0, 0, 0]}


@pytest.mark.parametrize(("kind", "write"), KINDS, ids=lambda value: getattr(value, "__name__", value))
def test_samples_with_other_features_are_refused(kind: str, write: Write, tmp_path: Path) -> None:
    folder = written(tmp_path / "counts", write)
    path = sorted(path for path in folder.rglob("*") if path.is_file())[-1]
    path.write_text(path.read_text().replace("ENSG2", "ENSG3"))
    with pytest.raises(CohortError) as raised:
        read_table(folder, file_format=kind)
    assert raised.value.code == "transcripts_differ"


@pytest.mark.parametrize("kind", ["star", "htseq", "rsem", "kallisto"])
def test_a_folder_without_such_files_is_refused(kind: str, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("nothing")
    with pytest.raises(CohortError) as raised:
        read_table(tmp_path, file_format=kind)
    assert raised.value.code == "missing_file"


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a/P1.sorted.bam", "b/P2.sorted.bam"], ["P1", "P2"]),
        (["P1_Aligned.sortedByCoord.out.bam", "P2_Aligned.sortedByCoord.out.bam"], ["P1", "P2"]),
        (["run/P1/star/Aligned.out.bam", "run/P2/star/Aligned.out.bam"], ["P1", "P2"]),
        (["x/Aligned.out.bam", "x/Aligned.out.bam"], ["", ""]),
        ([r"C:\data\P1.bam", r"C:\data\P2.bam"], ["P1", "P2"]),
    ],
)
def test_names_of_samples(paths: list[str], names: list[str]) -> None:
    assert names_of_samples(paths, "sorted|bam|sam", STAR_SUFFIX) == names
