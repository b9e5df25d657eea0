"""Texts where a number belongs: what people and programs write there, and what to do about each."""

from __future__ import annotations

import re

__all__ = ["not_a_number"]

_ADVICE = (
    (r".*\x00.*", "the file holds NUL bytes and was damaged; export it again"),
    (r"[+-]?\d+,\d+", "write the decimals behind a point"),
    (
        r"\d{4}-\d\d?-\d\d?.*|\d\d?[./]\d\d?[./]\d{2,4}|\d\d?-[a-z]{3}(-\d+)?",
        "give days since a date of your choice",
    ),
    (r"[<>\u2264\u2265].*", "give a number for what lies beyond the limit, or leave the cell empty"),
    (r"yes|no|true|false|y|n", "write 1 for yes and 0 for no"),
    (
        r"[-.?]+|none|missing|unknown|#n/?a|n\.a\.|nd|[+-]?nan.*",
        "leave the cell empty if it was not measured",
    ),
    (r"[+-]?\d{1,3}([ '_]\d{3})+(\.\d+)?", "write it without a mark between the thousands"),
    (r"0x[0-9a-f]+", "write it in decimal digits"),
    (r"[+-]?[\d.]+ ?[a-z%\u00b5/]+", "leave the unit to the name of the column"),
)
"""Whole text, in lower case -> advice; the first that fits."""


def not_a_number(text: str) -> str:
    r"""Say that `text` is not a number, and what to do.

    Examples
    --------
    >>> print(not_a_number("1,5"))
    '1,5' is not a number; write the decimals behind a point
    >>> print(not_a_number("high"))
    'high' is not a number; correct the cell or leave it empty
    """
    fitting = (advice for form, advice in _ADVICE if re.fullmatch(form, text.strip().lower(), re.DOTALL))
    shown = text if text.isprintable() else repr(text)[1:-1]
    return f"'{shown}' is not a number; {next(fitting, 'correct the cell or leave it empty')}"
