"""Guess the modality of a table from the name of its file, the names of its features and, if needed, its values."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pandas as pd

from omics.infer.guess import Guess, words

__all__ = ["guess_modality"]

FILE_WORDS = {
    "genomics": "genomic genomics genome dna cna cnv cnvs copy mutation mutations mut snp snps variant variants "
    "germline somatic wgs wes gistic dosage methylation methylome methyl meth beta cpg maf",
    "transcriptomics": "transcriptomic transcriptomics transcriptome rna rnaseq mrna mirna mirnas expression expr gex "
    "tpm fpkm transcripts counts",
    "proteomics": "protein proteins proteomic proteomics proteome rppa cytokine cytokines olink npx somascan cptac",
    "metabolomics": "metabolite metabolites metabolomic metabolomics metabolome lipid lipids lipidomic lipidomics nmr "
    "acylcarnitine acylcarnitines",
    "microbiome": "microbiome microbiota microbial 16s asv asvs otu otus species taxa taxon genus mgx metagenomic "
    "metagenomics metagenome metaphlan pathway pathways",
}
"""Modality -> words in the name of a file that stand for it."""

FORMATS = {".vcf": "genomics", ".bcf": "genomics", ".bed": "genomics", ".maf": "genomics", ".seg": "genomics"}
FORMATS |= {
    ".gct": "transcriptomics",
    ".adat": "proteomics",
    ".mztab": "metabolomics",
    ".mwtab": "metabolomics",
}
FORMATS |= {".biom": "microbiome", ".qza": "microbiome"}
"""Formats of a single modality."""

PROGRAMS = {
    "maf": "genomics",
    "gistic": "genomics",
    "featurecounts": "transcriptomics",
    "metaphlan": "microbiome",
}
PROGRAMS["metabolon"] = "metabolomics"
PROGRAMS |= dict.fromkeys(("bracken", "humann"), "microbiome")
PROGRAMS |= dict.fromkeys(("proteingroups", "fragpipe", "spectronaut", "diann", "olink"), "proteomics")
"""Formats of programs that are recognised by a header, with a single modality."""

PATTERNS = [
    ("genomics", 2.0, "CpG sites (cg...)", r"(cg|ch\.\d+\.)\d{6,}.*"),
    (
        "genomics",
        2.0,
        "variants (rs..., chr:position)",
        r"(rs\d+.*|(chr)?[\dXYM]{1,2}[:_]\d+.*|variant\W?\d+)",
    ),
    ("genomics", 2.0, "mutations (..._mut)", r".*[_.](mut|mutation|cna|cnv|amp|del)"),
    ("transcriptomics", 2.0, "Ensembl genes or transcripts (ENS...)", r"ENS[A-Z]{0,4}[GT]\d{11}.*"),
    ("transcriptomics", 2.0, "probes of arrays", r"\d+(_[a-z]+)?_at|ILMN_\d+|A_\d\d_P\d+"),
    ("transcriptomics", 2.0, "microRNAs", r"([a-z]{3}-)?(mir|miR|let)-?\d.*"),
    (
        "proteomics",
        2.0,
        "UniProt accessions",
        r"([OPQ]\d[A-Z\d]{3}\d|[A-NR-Z]\d([A-Z][A-Z\d]{2}\d){1,2})(-\d+)?([;|_].*)?",
    ),
    (
        "proteomics",
        1.5,
        "proteins, or cytokines (IL-6, TNF)",
        r"(protein\W?\d+|IL-?\d+.*|TNF.*|CXCL\d+|CCL\d+|IFN.*|OID\d+)",
    ),
    ("metabolomics", 2.0, "HMDB accessions", r"HMDB\d{5,7}"),
    (
        "metabolomics",
        1.5,
        "lipids or acylcarnitines (PC 34:1, C16)",
        r"(L?P[CEISGA]|TA?G|DA?G|SM|Cer|CE)[ (]?[OP]?-?\d+:\d.*|C\d{1,2}([.:]\d)?",
    ),
    (
        "metabolomics",
        1.5,
        "metabolites, by their names",
        r"metabolite\W?\d+|.*(ate|ose|ine|itol|acid|carnitine|glycerol|phosphate|choline|amide)( \w+)?",
    ),
    ("microbiome", 2.0, "taxa (g__, s__)", r".*\b[kpcofgst]__.*"),
    ("microbiome", 2.0, "taxa (ASV, OTU) or pathways (PWY)", r".*(ASV|OTU)_?\d+|taxon\W?\d+|.*PWY.*"),
]
"""(modality, weight, description of the features, pattern of their whole names)."""

GENES = re.compile(r"[A-Z][A-Z0-9]{1,9}(-[A-Z0-9]{1,4})?(orf\d+)?|gene\W?\d+")
"""Gene symbols, which name copy numbers, mutations, transcripts and proteins."""

INSPECTED = 1000
"""Number of features that are compared with the patterns."""

ENOUGH = 0.2
"""Share of matching features from which a pattern counts."""

MARGIN = 0.5
"""Difference in weight to the second modality from which a guess is sure."""


def guess_modality(file: str, features: pd.Index, values: pd.DataFrame, program: str = "") -> Guess[str]:
    """Guess the modality of a table.

    Parameters
    ----------
    file
        Name of the file.
    features
        Names of the features.
    values
        Patients x features; used only where the names do not decide.
    program
        Format of the program that wrote the file, where its header shows it.

    Returns
    -------
    Guess of str
        A name of MODALITIES.

    Examples
    --------
    >>> guess_modality("table1.csv", pd.Index(["cg00000029", "cg00000108"]), pd.DataFrame()).value
    'genomics'
    """
    weight: dict[str, float] = defaultdict(float)
    reasons: dict[str, list[str]] = defaultdict(list)
    if program in PROGRAMS:
        return Guess(PROGRAMS[program], f"the format is {program}")
    for modality, added, why in _evidence(file, features):
        weight[modality] += added
        reasons[modality].append(why)
    if weight:
        best, *others = sorted(weight, key=lambda name: -weight[name])
        margin = weight[best] - max((weight[name] for name in others), default=0.0)
        return Guess(best, " and ".join(reasons[best]), margin >= MARGIN)
    if _share(features, GENES) >= ENOUGH:
        return _by_values(values)
    return Guess("generic", "neither its name nor its features show a modality", sure=False)


def _evidence(file: str, features: pd.Index) -> Iterator[tuple[str, float, str]]:
    for ending, modality in FORMATS.items():
        if file.lower().removesuffix(".gz").endswith(ending):
            yield modality, 4.0, f"the format is {ending}"
    file_words = words(file)
    for modality, names in FILE_WORDS.items():
        word = next((word for word in file_words if word in names.split()), None)
        if word is not None:
            yield modality, 1.0, f"the file is called {word}"
    for modality, weight, what, pattern in PATTERNS:
        share = _share(features, re.compile(pattern))
        if share >= ENOUGH:
            yield modality, weight * share, f"{share:.0%} of its features look like {what}"


def _share(features: pd.Index, pattern: re.Pattern[str]) -> float:
    step = max(1, len(features) // INSPECTED)
    inspected = [str(name) for name in features[::step]]
    return sum(bool(pattern.fullmatch(name)) for name in inspected) / max(1, len(inspected))


def _by_values(values: pd.DataFrame) -> Guess[str]:
    """Guess the modality of features named by genes: a copy number has few different values, an expression many."""
    measured = values.to_numpy(dtype=float)
    measured = measured[np.isfinite(measured)]
    whole = bool((measured % 1 == 0).all())
    if whole and len(np.unique(measured)) <= 10:  # noqa: PLR2004  # copies lost and gained
        return Guess("genomics", "features look like genes, with few whole values", sure=False)
    return Guess("transcriptomics", "features look like genes; proteins can have the same names", sure=False)
