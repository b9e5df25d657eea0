"""Abbreviations: one table of full names, and the step that spells each one out at its first use in a page."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

__all__ = ["ABBREVIATIONS", "spell_out"]

ABBREVIATIONS = {
    "AIPCW": "augmented inverse probability of censoring weighting",
    "AUPRC": "area under the precision-recall curve",
    "AUROC": "area under the receiver operating characteristic curve",
    "AUTOC": "area under the targeting operator characteristic curve",
    "CATE": "conditional average treatment effect",
    "ECE": "expected calibration error",
    "FDR": "false discovery rate",
    "GFA": "group factor analysis",
    "IBS": "integrated Brier score",
    "ICI": "integrated calibration index",
    "IPCW": "inverse probability of censoring weighting",
    "RMST": "restricted mean survival time",
    "TRIPOD+AI": (
        "Transparent Reporting of a multivariable prediction model for Individual Prognosis Or Diagnosis, with the "
        "extension for artificial intelligence"
    ),
    "VAE": "variational autoencoder",
    "time-dependent AUC": "time-dependent area under the receiver operating characteristic curve",
}
"""Abbreviation -> full name. Only those that the report writes itself, and none that is likely to be the name of a view
or a covariate: a cohort's own "HR" or "OS" must not be expanded."""

# Content that is left alone: comments, tags with their attributes, and elements that are no prose, headings and
# contents lists included, since a heading that spells out a name is hard to read.
_UNTOUCHED = re.compile(
    r"<!--.*?-->|<(script|style|svg|code|title|abbr|nav|h[1-6])\b.*?</\1\s*>|<[^>]*>", re.DOTALL
)


def spell_out(page: str) -> str:
    """Spell out each abbreviation at its first use in the visible text of an HTML page.

    Attributes, scripts, styles, figures, code and headings stay as they are. Where the text spells the abbreviation out
    itself, as in "integrated Brier score (IBS)", it only gets its ``<abbr>``.

    Parameters
    ----------
    page
        Rendered HTML, in which texts from files are escaped.

    Returns
    -------
    str
        The page with ``<abbr title="full name">`` around the first use of each abbreviation.

    Examples
    --------
    >>> spell_out("<p>ICI 0.1</p>")
    '<p>integrated calibration index (<abbr title="integrated calibration index">ICI</abbr>) 0.1</p>'
    """
    missing = dict(ABBREVIATIONS)
    parts, start = [], 0
    for untouched in _UNTOUCHED.finditer(page):
        parts += [_spelled(page[start : untouched.start()], missing), untouched.group()]
        start = untouched.end()
    return "".join([*parts, _spelled(page[start:], missing)])


def _spelled(text: str, missing: dict[str, str]) -> str:
    """Text between two tags, in which the first use of each `missing` abbreviation is spelled out and removed there."""
    uses = {}
    for short in missing:
        found = re.search(rf"(?<![\w+-]){re.escape(short)}(?![\w+-])", text)
        if found:
            uses[found.start()] = short
    parts, end = [], 0
    for start in sorted(uses):
        if start < end:
            continue
        short, before = uses[start], text[end:start]
        full = missing.pop(short)
        marked = Markup('<abbr title="{}">{}</abbr>').format(full, short)
        written = before.lower().endswith(f"{escape(full)} (".lower())
        parts += [before, marked if written else f"{escape(full)} ({marked})"]
        end = start + len(short)
    return "".join([*parts, text[end:]])
