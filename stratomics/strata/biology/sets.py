"""Sets of features: read from gmt files, or shipped with stratomics."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from omics.common.errors import InputError
from omics.readers.text_files import open_text
from stratomics.strata.biology.identifiers import canonical

__all__ = ["SHIPPED", "SetCollection", "read_gmt", "shipped_sets"]

DATA = Path(__file__).parent / "data"

SHIPPED = {
    "Hallmark": ("hallmark.gmt.gz", ("transcriptomics", "proteomics", "genomics")),
    "WikiPathways": ("wikipathways.gmt.gz", ("transcriptomics", "proteomics", "genomics")),
    "Reactome": ("reactome_metabolites.gmt.gz", ("metabolomics",)),
}
"""Name of a collection -> its file, and the modalities that it is for; licences are in NOTICE."""

COLUMNS = 3
"""Columns of a line with one member: the id of the set, its title, the member."""


@dataclass(frozen=True)
class SetCollection:
    """Sets of features of one origin.

    Attributes
    ----------
    name
        Name of the collection.
    members
        Id of a set -> ids of its features, each once, as :func:`stratomics.strata.biology.identifiers.canonical` writes
        them; or names of features.
    titles
        Id of a set -> its title.
    """

    name: str
    members: Mapping[str, tuple[str, ...]]
    titles: Mapping[str, str]

    @property
    def ids(self) -> frozenset[str]:
        """Ids of all features in any set."""
        return frozenset(one for members in self.members.values() for one in members)


def read_gmt(path: Path) -> SetCollection:
    """Read sets from a gmt file: one line per set with its id, its title or a link, and its members, between tabs.

    Parameters
    ----------
    path
        The file, plain or compressed by gzip (``.gz``). A member that a line repeats counts once.

    Returns
    -------
    SetCollection
        Sets in the order of the file, named like it. A link, or nothing, in place of a title gives the id as title.

    Raises
    ------
    InputError
        If there is no such file, it has no set, a line is no set, or an id is given to two sets.

    Notes
    -----
    https://docs.gsea-msigdb.org, "GMT: Gene Matrix Transposed file format".
    """
    members: dict[str, tuple[str, ...]] = {}
    titles: dict[str, str] = {}
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip():
            continue
        identifier, title, *found = _cells(line)
        if not identifier or not found:
            raise InputError(
                f"{path}: line {number} is no set; write an id, a title and at least one feature, between tabs"
            )
        if identifier in members:
            raise InputError(
                f"{path}: line {number} repeats the set '{identifier}'; give each set its own id"
            )
        members[identifier] = tuple(dict.fromkeys(map(canonical, found)))
        titles[identifier] = _title(identifier, title)
    if not members:
        raise InputError(f"{path}: the file has no set; write one set per line")
    return SetCollection(path.name.partition(".")[0], members, titles)


def shipped_sets(modality: str) -> list[SetCollection]:
    """Read the collections that come with stratomics.

    Parameters
    ----------
    modality
        Modality of a view.

    Returns
    -------
    list of SetCollection
        MSigDB Hallmarks and WikiPathways of genes (symbols), for transcripts, proteins and genes; Reactome pathways of
        metabolites (ChEBI), for metabolites; none for other modalities.

    Examples
    --------
    >>> [(one.name, len(one.members)) for one in shipped_sets("proteomics")]
    [('Hallmark', 50), ('WikiPathways', 746)]
    """
    found = []
    for name, (file, modalities) in SHIPPED.items():
        if modality in modalities:
            collection = read_gmt(DATA / file)
            titles = {key: title.removeprefix("HALLMARK ") for key, title in collection.titles.items()}
            found.append(SetCollection(name, collection.members, titles))
    return found


def _cells(line: str) -> list[str]:
    """Id, title and members of a set; empty where the line has too few columns."""
    identifier, *rest = (cell.strip() for cell in line.split("\t"))
    if len(rest) + 1 < COLUMNS:
        return ["", ""]
    return [identifier, rest[0], *(member for member in rest[1:] if member)]


def _text(path: Path) -> str:
    if not path.is_file():
        raise InputError(f"{path}: no such file; name a gmt file of sets")
    try:
        with open_text(path) as file:
            return file.read().decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        raise InputError(f"{path}: not a text file in utf-8; give a gmt file, perhaps as .gmt.gz") from None


def _title(identifier: str, title: str) -> str:
    """Title of a set, which some collections replace by a link."""
    if title and title.lower() not in ("na", "-") and "://" not in title:
        return title
    return identifier.replace("_", " ")
