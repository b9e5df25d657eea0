"""Mutation Annotation Format: a gene counts by its non-silent mutations."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from omics.common.errors import CohortError
from omics.common.registry import resolve
from omics.readers import READERS
from omics.readers.maf import NON_SILENT, SILENT, read_maf
from omics.readers.plain_tables import read_table

FIXTURES = Path(__file__).parent / "fixtures" / "maf"
HEADER = "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\n"


def written(tmp_path, *rows, header=HEADER, top="#version gdc-1.0.0\n"):
    path = tmp_path / "some.maf"
    path.write_text(top + header + "".join("\t".join(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("name", ["laml.maf", "laml.maf.gz"])
def test_agrees_with_a_loop_over_the_rows(name):
    lines = (FIXTURES / "laml.maf").read_text().splitlines()[1:]
    rows = list(csv.DictReader(lines, delimiter="\t"))
    frame = read_table(FIXTURES / name)
    assert frame.index.tolist() == ["TCGA-AB-2802", "TCGA-AB-2803"]
    assert frame.columns.tolist() == list(dict.fromkeys(row["Hugo_Symbol"] for row in rows))
    for patient in frame.index:
        for gene in frame.columns:
            hit = any(
                row["Hugo_Symbol"] == gene
                and row["Tumor_Sample_Barcode"] == patient
                and row["Variant_Classification"] not in {"Silent", "RNA"}
                for row in rows
            )
            assert frame.loc[patient, gene] == float(hit)
    assert frame.to_numpy().dtype == np.float64


def test_all_silent_keeps_its_row_of_zeros(tmp_path):
    path = written(
        tmp_path, ("TP53", "Missense_Mutation", "a"), ("TP53", "Silent", "b"), ("TTN", "3'UTR", "b")
    )
    frame = read_table(path)
    assert frame.loc["b"].tolist() == [0, 0]
    assert frame.loc["a"].tolist() == [1, 0]


def test_a_silent_mutation_does_not_undo_another(tmp_path):
    rows = [("TP53", "Nonsense_Mutation", "a"), ("TP53", "Silent", "a"), ("TP53", "Nonsense_Mutation", "a")]
    for order in (rows, rows[::-1]):
        assert read_table(written(tmp_path, *order)).loc["a", "TP53"] == 1


@pytest.mark.parametrize("word", sorted(NON_SILENT | SILENT))
def test_every_class(tmp_path, word):
    assert read_table(written(tmp_path, ("G", word, "a"))).loc["a", "G"] == float(word in NON_SILENT)


def test_the_nine_classes_of_maftools_and_the_codons_of_oncotator():
    nine = {
        *("Frame_Shift_Del", "Frame_Shift_Ins", "In_Frame_Del", "In_Frame_Ins", "Missense_Mutation"),
        *("Nonsense_Mutation", "Nonstop_Mutation", "Splice_Site", "Translation_Start_Site"),
    }
    assert nine < NON_SILENT
    assert all("_Codon_" in word for word in NON_SILENT - nine)
    assert not NON_SILENT & SILENT


def test_quotes_hashes_and_zeros_are_only_characters(tmp_path):
    header = "Hugo_Symbol\tnote\tVariant_Classification\tTumor_Sample_Barcode\n"
    path = written(
        tmp_path, ("TP53", "\"5' end", "Silent", "007"), ("MDM2", "#1", "RNA", "08"), header=header
    )
    frame = read_table(path)
    assert frame.index.tolist() == ["007", "08"]
    assert frame.columns.tolist() == ["TP53", "MDM2"]


def test_the_bare_name_of_the_format():
    assert resolve(READERS, "maf", "format") is read_maf


def test_many_comment_lines(tmp_path):
    path = written(tmp_path, ("TP53", "Silent", "a"), top="#version 2.4\n#filedate 2020\n\n#center x\n")
    assert read_table(path).index.tolist() == ["a"]


@pytest.mark.parametrize("column", ["Hugo_Symbol", "Variant_Classification", "Tumor_Sample_Barcode"])
def test_missing_column(tmp_path, column):
    path = written(tmp_path, ("TP53", "Silent", "a"), header=HEADER.replace(column, column.lower() + "x"))
    with pytest.raises(CohortError) as caught:
        read_maf(path)
    assert (caught.value.code, caught.value.column) == ("missing_column", column)


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        (("", "Silent", "a"), "empty_cell", "Hugo_Symbol"),
        (("TP53", "", "a"), "empty_cell", "Variant_Classification"),
        (("TP53", "Silent", ""), "empty_cell", "Tumor_Sample_Barcode"),
        (("TP53", "Missense", "a"), "unknown_classification", "Variant_Classification"),
        (("TP53", "missense_mutation", "a"), "unknown_classification", "Variant_Classification"),
    ],
)
def test_malformed_cell(tmp_path, row, code, column):
    with pytest.raises(CohortError) as caught:
        read_maf(written(tmp_path, ("KRAS", "Silent", "b"), row))
    assert (caught.value.code, caught.value.column) == (code, column)


def test_misspelt_class_names_the_right_word(tmp_path):
    with pytest.raises(CohortError, match="did you mean 'Missense_Mutation'"):
        read_maf(written(tmp_path, ("TP53", "Missense_mutation", "a")))


@pytest.mark.parametrize("content", ["", "#version 2.4\n", "\n\n"])
def test_no_header(tmp_path, content):
    path = tmp_path / "empty.maf"
    path.write_text(content)
    with pytest.raises(CohortError) as caught:
        read_maf(path)
    assert caught.value.code == "empty_file"


def test_no_mutations(tmp_path):
    with pytest.raises(CohortError) as caught:
        read_maf(written(tmp_path))
    assert caught.value.code == "no_patient"


@pytest.mark.parametrize("row", [("TP53", "Silent"), ("TP53", "Silent", "a", "b")])
def test_ragged_row(tmp_path, row):
    with pytest.raises(CohortError) as caught:
        read_table(written(tmp_path, ("KRAS", "Silent", "b"), row))
    assert caught.value.code == "ragged_row"


@pytest.mark.parametrize("lost", [1, 8, 200])
def test_cut_gzip(tmp_path, lost):
    path = tmp_path / "cut.maf.gz"
    path.write_bytes((FIXTURES / "laml.maf.gz").read_bytes()[:-lost])
    with pytest.raises(CohortError) as caught:
        read_table(path)
    assert caught.value.code == "unreadable_file"


@pytest.mark.parametrize("content", [b"not gzip at all", b"\xff\xfe\x00"])
def test_not_gzip(tmp_path, content):
    path = tmp_path / "other.maf.gz"
    path.write_bytes(content)
    with pytest.raises(CohortError) as caught:
        read_table(path)
    assert caught.value.code == "unreadable_file"


def test_two_hundred_patients_agree_with_a_pivot(tmp_path):
    generator = np.random.default_rng(5)
    words = np.array(sorted(NON_SILENT | SILENT))
    rows = pd.DataFrame(
        {
            "Hugo_Symbol": [f"G{i}" for i in generator.integers(0, 60, 3000)],
            "Variant_Classification": generator.choice(words, 3000),
            "Tumor_Sample_Barcode": [f"T{i}" for i in generator.integers(0, 200, 3000)],
        }
    )
    path = tmp_path / "many.maf"
    rows.to_csv(path, sep="\t", index=False)
    frame = read_table(path)
    rows["hit"] = rows["Variant_Classification"].isin(NON_SILENT).astype(float)
    pivot = rows.pivot_table(
        index="Tumor_Sample_Barcode", columns="Hugo_Symbol", values="hit", aggfunc="max", fill_value=0.0
    )
    np.testing.assert_array_equal(frame.to_numpy(), pivot.loc[frame.index, frame.columns].to_numpy())
