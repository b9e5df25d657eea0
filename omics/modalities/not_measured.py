"""Rows and columns of a table that are no measurements of its modality: totals, spike-ins, ranks, metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

__all__ = ["not_measured"]

TOTALS = re.compile(
    r"N_(unmapped|multimapping|noFeature|ambiguous)"
    r"|__(no_feature|ambiguous|too_low_aQual|not_aligned|alignment_not_unique)"
)
"""Totals of reads that STAR and HTSeq write among the genes."""

SPIKE_IN = re.compile(r"ERCC-\d{5}")
RANK = re.compile(r"(?:^|[|;])\s*([dkpcofgst])__")
UNASSIGNED = re.compile(r"(unclassified|unknown|unassigned|unmapped|unintegrated)\b.*", re.IGNORECASE)
SEPARATOR = re.compile(r"\s*[|;]\s*")
RANKS = "dkpcofgst"


def not_measured(features: pd.Index, modality: str) -> dict[str, list[str]]:
    """Find features that are no measurements of a modality.

    Parameters
    ----------
    features
        Names of the features.
    modality
        A name of MODALITIES.

    Returns
    -------
    dict
        What they are -> the features, for each kind that occurs.

    Examples
    --------
    >>> not_measured(pd.Index(["N_unmapped", "ENSG01"]), "transcriptomics")
    {'row(s) of totals of the aligner': ['N_unmapped']}
    """
    names = [str(name) for name in features]
    kinds = {"transcriptomics": _not_genes, "microbiome": _not_one_rank}.get(modality)
    found = kinds(names) if kinds else ()
    return {what: chosen for what, chosen in found if chosen and len(chosen) < len(names)}


def _not_genes(names: list[str]) -> Iterator[tuple[str, list[str]]]:
    yield "row(s) of totals of the aligner", [name for name in names if TOTALS.fullmatch(name)]
    yield "spike-in(s) (ERCC)", [name for name in names if SPIKE_IN.fullmatch(name)]


def _not_one_rank(names: list[str]) -> Iterator[tuple[str, list[str]]]:
    parts = {name: SEPARATOR.split(name) for name in names}
    lineages = [name for name in names if len(parts[name]) > 1 and RANK.search(name)]
    if len(lineages) >= len(names) / 2:
        others = [name for name in names if not RANK.search(name) and not UNASSIGNED.fullmatch(name)]
        yield "column(s) that are no taxa", others
    nested = _nested(parts)
    yield "row(s) that are totals of others, or parts of them", [name for name in names if name in nested]


def _nested(parts: dict[str, list[str]]) -> set[str]:
    """Names that are counted in others: ranks above and below the species, or stratified parts of a pathway."""
    known = {tuple(part): name for name, part in parts.items()}
    pairs = [
        (known[tuple(part[:length])], name)
        for name, part in parts.items()
        for length in range(1, len(part))
        if tuple(part[:length]) in known
    ]
    if not pairs:
        return set()
    if not any(RANK.match(above) for above, _ in pairs):
        return {name for _, name in pairs}  # the parts of a pathway by species
    present = {_rank(name) for name in parts}
    rank = next(rank for rank in ("s", *reversed(RANKS)) if rank in present)
    kept = {name for name in parts if _rank(name) == rank}
    # A pair is a taxon and a part of it; what is above or below the kept rank would count twice.
    nested = {above for above, name in pairs if name in kept} | {
        name for above, name in pairs if above in kept
    }
    rest = [(above, name) for above, name in pairs if above not in nested and name not in nested]
    return nested | {above for above, _ in rest}


def _rank(name: str) -> str:
    found = RANK.findall(name)
    return str(found[-1]) if found else ""
