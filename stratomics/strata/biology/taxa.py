"""Sets of taxa: all features of a genus, a family and so on, from the lineages that name them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from stratomics.strata.biology.sets import SetCollection

__all__ = ["taxon_sets"]

RANKS = {"p": "phylum", "c": "class", "o": "order", "f": "family", "g": "genus"}
"""Letter of a rank in a lineage -> its name; a species is a feature, and a domain is nearly everything."""

PART = re.compile(r"(?:^|[|;,.\s])\s*([dkpcofgst])__([^|;,]*)")
SPECIES = re.compile(r"^(?:s__)?([A-Z][a-z]+)[_ ](?=[a-z])")
"""A species without lineage: its first word is the genus."""


def taxon_sets(var: pd.DataFrame) -> SetCollection:
    """Make sets of the features that share a taxon.

    Parameters
    ----------
    var
        One row per feature of a microbiome view, indexed by its name. The lineage, such as ``p__Firmicutes|...`` or
        ``p__Firmicutes; ...``, is the name, or a column of text. A name such as ``s__Blautia_obeum`` gives a genus.

    Returns
    -------
    SetCollection
        Sets such as ``genus Blautia``, whose members are names of features; empty if no name is a lineage.

    Examples
    --------
    >>> taxon_sets(pd.DataFrame(index=["s__Blautia_obeum", "f__A;g__B"])).members
    {'family A': ('f__A;g__B',), 'genus B': ('f__A;g__B',), 'genus Blautia': ('s__Blautia_obeum',)}
    """
    texts = [pd.Series(var.index.astype(str), var.index)]
    texts += [var[name].astype(str) for name in var if not pd.api.types.is_numeric_dtype(var[name])]
    lineages = [[_lineage(text) for text in column] for column in texts]
    best = max(lineages, key=lambda column: sum(map(len, column)))
    members: dict[str, list[str]] = {}
    for name, lineage in zip(var.index.astype(str), best, strict=True):
        for rank, taxon in lineage.items():
            members.setdefault(f"{rank} {taxon}", []).append(name)
    found = {taxon: tuple(members[taxon]) for taxon in sorted(members)}
    return SetCollection("taxa", found, {taxon: taxon for taxon in found})


def _lineage(text: str) -> Mapping[str, str]:
    """Rank -> taxon, of the ranks that a name has."""
    parts = {letter: taxon.strip() for letter, taxon in PART.findall(text)}
    found = {RANKS[letter]: taxon for letter, taxon in parts.items() if letter in RANKS and taxon}
    if not found and (species := SPECIES.match(text)):
        found["genus"] = species[1]
    return found
