"""Read the feature table of a QIIME 2 artifact (.qza) without unpacking it."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path, PurePosixPath

import pandas as pd

from omics.common.errors import CohortError
from omics.common.yaml import parse_yaml
from omics.readers.biom import parse_biom
from omics.readers.sizes import read_member

__all__ = ["read_qza"]

TYPES = tuple(f"FeatureTable[{kind}]" for kind in ("Frequency", "RelativeFrequency", "PresenceAbsence"))
BROKEN = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, ValueError)
"""Errors of zipfile for a truncated, damaged or encrypted archive."""


def read_qza(path: Path) -> pd.DataFrame:
    """Read the feature table of an artifact.

    Parameters
    ----------
    path
        An artifact of type FeatureTable[Frequency], [RelativeFrequency] or [PresenceAbsence].

    Returns
    -------
    DataFrame
        As from :func:`omics.readers.biom.read_biom`.

    Raises
    ------
    CohortError
        If the file is not an artifact, has another type, is damaged, has members outside the archive, or its yaml
        is unsafe.

    Notes
    -----
    Bolyen et al. 2019, doi 10.1038/s41587-019-0209-9. Every version of the archive has one folder, named by
    the UUID of the artifact, with VERSION, metadata.yaml and data/.
    """
    file = str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            root = _root(archive.namelist(), file)
            metadata = read_member(archive, f"{root}/metadata.yaml", file)
            _check_type(metadata, file)
            table = read_member(archive, f"{root}/data/feature-table.biom", file)
    except KeyError as error:
        raise CohortError(
            f"not a QIIME 2 feature table ({error.args[0]}); export it again", "not_an_artifact", file=file
        ) from None
    except BROKEN as error:
        raise CohortError(
            f"not a readable zip archive ({error}); copy the artifact again", "unreadable_file", file=file
        ) from None
    return parse_biom(table, file)


def _root(names: list[str], file: str) -> str:
    members = [PurePosixPath(name) for name in names]
    for member in members:
        if member.is_absolute() or ".." in member.parts or "\\" in str(member):
            raise CohortError(
                f"member '{member}' points outside the archive; do not trust this file",
                "unsafe_member",
                file=file,
            )
    roots = {member.parts[0] for member in members if member.parts}
    if len(roots) != 1:
        raise CohortError(
            f"{len(roots)} top-level folders; an artifact has one, named by its UUID",
            "not_an_artifact",
            file=file,
        )
    return roots.pop()


def _check_type(text: bytes, file: str) -> None:
    try:
        metadata = parse_yaml(text.decode(), file)
    except UnicodeDecodeError:
        raise CohortError("metadata.yaml is not utf-8", "invalid_yaml", file=file) from None
    kind = str(metadata.get("type")) if isinstance(metadata, dict) else "nothing"
    # A type may have properties: FeatureTable[Frequency] % Properties('...').
    if kind.partition(" % ")[0] not in TYPES:
        raise CohortError(
            f"the artifact is {kind}; use one of {', '.join(TYPES)}", "not_a_feature_table", file=file
        )
