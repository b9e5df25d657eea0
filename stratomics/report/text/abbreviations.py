"""Abbreviations: one table of full names, and the step that spells each one out at its first use in a page."""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import Markup, escape

__all__ = ["ABBREVIATIONS", "spell_out", "spell_out_plain"]

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
    r"<!--.*?-->|<(script|style|svg|code|title|abbr|nav|thead|h[1-6])\b.*?</\1\s*>|<[^>]*>", re.DOTALL
)


# A sentence starts after these.
_BLOCK = re.compile(r"<(p|li|figcaption)\b")


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
    '<p>Integrated calibration index (<abbr title="integrated calibration index">ICI</abbr>) 0.1</p>'
    """
    missing = dict(ABBREVIATIONS)
    parts, start, tag = [], 0, ""
    for untouched in _UNTOUCHED.finditer(page):
        parts += [_spelled(page[start : untouched.start()], missing, tag), untouched.group()]
        start, tag = untouched.end(), untouched.group()
    return "".join([*parts, _spelled(page[start:], missing, tag)])


def spell_out_plain(lines: Iterable[str]) -> list[str]:
    """Spell out each abbreviation at its first use in lines of markdown, headings excepted."""
    missing = dict(ABBREVIATIONS)
    return [line if line.startswith("#") else _spelled(line, missing, marked=False) for line in lines]


def _spelled(text: str, missing: dict[str, str], tag: str = "", *, marked: bool = True) -> str:
    """Spell out the first use of each `missing` abbreviation in text after a `tag`, and remove it from `missing`."""
    uses = {}
    for short in missing:
        # Most texts hold none, and the search for a substring takes a tenth of the time.
        use = short in text and re.search(rf"(?<![\w+-]){re.escape(short)}(?![\w+-])", text)
        if use:
            uses[use.start()] = short
    parts, end = [], 0
    for start in sorted(uses):
        if start < end:
            continue
        short, before = uses[start], text[end:start]
        full = missing.pop(short)
        shown = Markup('<abbr title="{}">{}</abbr>').format(full, short) if marked else short
        name = str(escape(full)) if marked else full
        if before.lower().endswith(f"{name} (".lower()):
            parts += [before, str(shown)]
        else:
            parts += [
                before,
                f"{_capitalized(name) if _starts_sentence(text[:start], tag) else name} ({shown})",
            ]
        end = start + len(short)
    return "".join([*parts, text[end:]])


def _starts_sentence(before: str, tag: str) -> bool:
    """Whether a sentence starts after the text `before`, which follows a tag."""
    before = before.rstrip()
    return before.endswith(".") or (before in ("", "-") and (not tag or _BLOCK.match(tag) is not None))


def _capitalized(name: str) -> str:
    return name[:1].upper() + name[1:]
