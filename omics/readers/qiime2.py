"""QIIME 2 artifacts (.qza): the feature table inside, read without unpacking."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd
import yaml

from omics.common.errors import CohortError
from omics.readers.biom import parse_biom

__all__ = ["read_qza"]

TYPES = tuple(f"FeatureTable[{kind}]" for kind in ("Frequency", "RelativeFrequency", "PresenceAbsence"))
BROKEN = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, ValueError)
"""What zipfile raises for a truncated, damaged or encrypted archive."""


def read_qza(path: Path) -> pd.DataFrame:
    """Read the feature table of an artifact.

    Parameters
    ----------
    path
        An artifact of type FeatureTable[Frequency], [RelativeFrequency] or [PresenceAbsence].

    Returns
    -------
    DataFrame
        As :func:`omics.readers.biom.read_biom` gives it.

    Raises
    ------
    CohortError
        Not an artifact, another type, a damaged archive, members that lead out of it, unsafe yaml.

    Notes
    -----
    Bolyen et al. 2019, doi 10.1038/s41587-019-0209-9. In every version of the archive one folder, named by
    the artifact's UUID, holds VERSION, metadata.yaml and data/.
    """
    file = str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            root = _root(archive.namelist(), file)
            metadata = archive.read(f"{root}/metadata.yaml")
            _check_type(metadata, file)
            table = archive.read(f"{root}/data/feature-table.biom")
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
                f"member '{member}' leads out of the archive; do not trust this file",
                "unsafe_member",
                file=file,
            )
    roots = {member.parts[0] for member in members if member.parts}
    if len(roots) != 1:
        raise CohortError(
            f"{len(roots)} folders at the top; an artifact has one, named by its UUID",
            "not_an_artifact",
            file=file,
        )
    return roots.pop()


def _check_type(text: bytes, file: str) -> None:
    try:
        metadata: Any = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise CohortError(f"metadata.yaml is refused ({reason})", "invalid_yaml", file=file) from None
    found = str(metadata.get("type")) if isinstance(metadata, dict) else "nothing"
    # A type may carry properties: FeatureTable[Frequency] % Properties('...').
    if found.partition(" % ")[0] not in TYPES:
        raise CohortError(
            f"the artifact is {found}; give one of {', '.join(TYPES)}", "not_a_feature_table", file=file
        )
