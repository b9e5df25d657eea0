"""Sets are read from gmt files; files that are wrong are refused in one sentence; the shipped ones are complete."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from omics.common.errors import InputError
from stratomics.strata.biology.sets import read_gmt, shipped_sets


def test_a_file_is_read_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "my.sets.gmt"
    text = "\ufeffB\tSecond first\tTP53\tMYC\tTP53\t\n\nA_SET\thttp://x.org/A\tENSG00000141510.2\r\nC\t\tchebi:1\n"
    path.write_text(text, encoding="utf-8")
    found = read_gmt(path)
    assert found.name == "my"
    assert list(found.members.items()) == [
        ("B", ("TP53", "MYC")),
        ("A_SET", ("ENSG00000141510",)),
        ("C", ("CHEBI:1",)),
    ]
    assert found.titles == {"B": "Second first", "A_SET": "A SET", "C": "C"}
    assert found.ids == {"TP53", "MYC", "ENSG00000141510", "CHEBI:1"}
    packed = tmp_path / "packed.gmt.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    assert read_gmt(packed).members == found.members


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no set"),
        (b"\n \n", "has no set"),
        (b"A\tTitle\tTP53\nB\tTitle\n", "line 2 is no set"),
        (b"A,Title,TP53\n", "line 1 is no set"),
        (b"\tTitle\tTP53\n", "line 1 is no set"),
        (b"A\tTitle\t\t\n", "line 1 is no set"),
        (b"A\tTitle\tTP53\nA\tTitle\tMYC\n", "line 2 repeats the set 'A'"),
        (b"\x89PNG\xff", "not a text file"),
    ],
)
def test_a_wrong_file_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "sets.gmt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_gmt(path)
    assert str(path) in str(caught.value)


def test_no_file_and_a_damaged_archive_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_gmt(tmp_path / "sets.gmt")
    packed = tmp_path / "sets.gmt.gz"
    packed.write_bytes(gzip.compress(b"A\tTitle\tTP53\n")[:-12])
    with pytest.raises(InputError, match="not a text file"):
        read_gmt(packed)


def test_shipped_sets_are_complete_and_named() -> None:
    hallmark, wikipathways = shipped_sets("transcriptomics")
    (reactome,) = shipped_sets("metabolomics")
    assert [len(one.members) for one in (hallmark, wikipathways, reactome)] == [50, 746, 1651]
    assert hallmark.titles["HALLMARK_HYPOXIA"] == "HYPOXIA"
    assert len(hallmark.members["HALLMARK_HYPOXIA"]) == 200
    assert wikipathways.titles["WP5187"].startswith("mRNA vaccine")
    assert reactome.titles["R-HSA-109581"] == "Apoptosis"
    assert all(one.startswith("CHEBI:") for one in reactome.ids)
    assert shipped_sets("generic") == []
