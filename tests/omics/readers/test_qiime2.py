import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from omics.common.errors import CohortError
from omics.readers.plain_tables import read_table

ARTIFACT = Path(__file__).parent / "fixtures" / "qiime2" / "relative.qza"
COUNTS = Path(__file__).parent / "fixtures" / "biom" / "sparse_1_0.biom"
ROOT = "3f1b2c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d"
METADATA = f"{ROOT}/metadata.yaml"
TABLE = f"{ROOT}/data/feature-table.biom"


def members() -> dict[str, bytes]:
    with zipfile.ZipFile(ARTIFACT) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path: Path, content: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def code_of(path: Path) -> str:
    with pytest.raises(CohortError) as caught:
        read_table(path)
    assert caught.value.file == str(path)
    return caught.value.code


def test_a_feature_table() -> None:
    table = read_table(ARTIFACT)
    assert list(table.index) == ["P01", "P02"]
    assert list(table.columns) == ["A", "B"]
    np.testing.assert_array_equal(table.to_numpy(), [[0.25, 0.75], [0.5, 0.5]])


def test_nothing_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("extract", "extractall"):
        monkeypatch.setattr(zipfile.ZipFile, name, lambda *_, **__: pytest.fail("unpacked"))
    read_table(ARTIFACT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "kind",
    [
        "FeatureTable[Frequency]",
        "FeatureTable[PresenceAbsence]",
        "\"FeatureTable[Frequency] % Properties('rarefied')\"",
    ],
)
def test_kinds_of_feature_tables(tmp_path: Path, kind: str) -> None:
    content = {**members(), METADATA: f"uuid: {ROOT}\ntype: {kind}\n".encode(), TABLE: COUNTS.read_bytes()}
    assert read_table(write(tmp_path / "t.qza", content)).loc["007", "OTU4"] == 11


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        (b"type: FeatureData[Taxonomy]\n", "not_a_feature_table"),
        (b"type: FeatureTable[Composition]\n", "not_a_feature_table"),
        (b"format: BIOMV210DirFmt\n", "not_a_feature_table"),
        (b"- a list\n", "not_a_feature_table"),
        (b"", "not_a_feature_table"),
        (b"type: !!python/object/apply:os.getcwd []\n", "invalid_yaml"),
        (b"type: !!python/name:os.system\n", "invalid_yaml"),
        (b"type: [\n", "invalid_yaml"),
        (b"type: \xff\xfe\n", "invalid_yaml"),
    ],
)
def test_metadata(tmp_path: Path, metadata: bytes, code: str) -> None:
    assert code_of(write(tmp_path / "t.qza", {**members(), METADATA: metadata})) == code


@pytest.mark.parametrize(
    "name", ["/etc/evil", "../evil", f"{ROOT}/../../evil", f"{ROOT}/data/../../evil", "..\\evil"]
)
def test_members_that_lead_out(tmp_path: Path, name: str) -> None:
    assert code_of(write(tmp_path / "t.qza", {**members(), name: b"x"})) == "unsafe_member"


@pytest.mark.parametrize("absent", [METADATA, TABLE])
def test_a_member_is_missing(tmp_path: Path, absent: str) -> None:
    content = members()
    del content[absent]
    assert code_of(write(tmp_path / "t.qza", content)) == "not_an_artifact"


@pytest.mark.parametrize("content", [{}, {**members(), "other/file": b""}])
def test_an_artifact_has_one_folder(tmp_path: Path, content: dict[str, bytes]) -> None:
    assert code_of(write(tmp_path / "t.qza", content)) == "not_an_artifact"


@pytest.mark.parametrize("keep", [0, 100, 1500, -30])
def test_a_truncated_archive(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "t.qza"
    path.write_bytes(ARTIFACT.read_bytes()[:keep])
    assert code_of(path) == "unreadable_file"


def test_a_damaged_member(tmp_path: Path) -> None:
    path = tmp_path / "t.qza"
    write(path, members())
    content = path.read_bytes()
    path.write_bytes(content.replace(b"\x89HDF", b"\x89hdf"))
    assert code_of(path) == "unreadable_file"


def test_an_encrypted_member(tmp_path: Path) -> None:
    path = write(tmp_path / "t.qza", members())
    content = bytearray(path.read_bytes())
    # Bit 0 of the general purpose flag, at 8 bytes into each entry of the central directory (APPNOTE 4.3.12).
    start = -1
    while (start := content.find(b"PK\x01\x02", start + 1)) >= 0:
        content[start + 8] |= 1
    path.write_bytes(bytes(content))
    assert code_of(path) == "unreadable_file"


def test_a_broken_table_inside(tmp_path: Path) -> None:
    content = {**members(), TABLE: b"#OTU ID\tP01\n"}
    assert code_of(write(tmp_path / "t.qza", content)) == "unreadable_file"


def test_a_member_twice_is_read_without_a_word(tmp_path: Path) -> None:
    path = write(tmp_path / "t.qza", members())
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        archive.writestr(METADATA, b"type: FeatureData[Taxonomy]\n")
    assert code_of(path) == "not_a_feature_table"
