"""Words that texts of this project avoid, with what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterable

AVOIDED = {
    r"\bwho(m|so)?ever\b": "name the patients",
    r"\bfore(told|tells?|tell)\b": "predicted",
    r"\b(dealt|deals? out|dealing)\b": "permuted, split, assigned",
    r"\b(he|him|his|himself)\b": "they, them, their",
    r"\b(luck|lucky|luckily)\b": "sampling variability, chance",
    r"\btold\b": "shown, reported, given",
    r"\bthe clinic\b": "clinical covariates",
    r"\banew\b": "again",
    r"\bscept?ics?\b|\bskeptics?\b": "name the simple model",
    r"\bjudg(e|es|ed|ing|ement)\b": "evaluate",
    r"\bdeciding endpoint\b": "primary endpoint",
    r"\brehears(e|es|ed|al|als)\b": "inner validation",
    r"\b(outlying|misfits?)\b": "ood score, reconstruction error",
    r"\bpromis(e|es|ed|ing)\b": "guarantee, coverage, protocol",
    r"\bbelieved?\b": "assumed, trusted",
    r"\bhonest(ly|y)?\b": "cross-fitted, unbiased",
    r"\b(nobody|somebody|anybody|everybody)\b": "no patient, a patient, all patients",
    r"\bthe (trip|house|door|shelf|ledger)\b": "run, project, entry point, catalogue, contribution of each view",
    r"\b(learned|known|know|knows) by heart\b": "memorized, overfitted",
    r"\bhangs? (together|on)\b": "is associated with",
    r"\b(row|number|value|line|file|fold|column|table|penalty|name|loss|member|mean|score|one) an? "
    r"(patient|method|member|view|feature|fold|site|arm|endpoint|factor|cause|class|row|column|run|kind|group|"
    r"level|cell|sample|repeat|draw|trial|cut)\b": "per patient",
    r"\b(beforehand|likewise|heed(ed|s)?|stands? beside|lies? beside)\b": "in advance, in the same way, next to",
    r"\b(thereof|therein|wherein|whence|hitherto|thither|lest|albeit|naught|nought|twain)\b": "modern English",
    r"\bmodels? that never saw\b": "out-of-fold predictions",
}
"""Pattern -> what to write instead."""

PATTERNS = {re.compile(pattern, re.IGNORECASE): instead for pattern, instead in AVOIDED.items()}


def faults(texts: Iterable[tuple[int, str]]) -> list[str]:
    """Each avoided word, with what to write instead."""
    return [
        f"{line}: '{match.group(0)}' ({instead})"
        for line, text in texts
        for pattern, instead in PATTERNS.items()
        for match in pattern.finditer(text)
    ]
