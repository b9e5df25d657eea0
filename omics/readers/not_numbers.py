"""Advice for texts in place of numbers, by what people and programs commonly write."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["not_a_number"]


def _thousands(text: str) -> str:
    """Both readings of a number such as ``8,412``."""
    plain = text.replace(",", "")
    if text.count(",") > 1:
        return f'it is {plain} if commas separate thousands: declare thousands: ","'
    return (
        f"it may be {plain} or {text.replace(',', '.')}: if the comma separates thousands, as three digits behind it "
        'suggest, declare thousands: ","; if it is a decimal comma, write a point'
    )


_ADVICE: tuple[tuple[str, str | Callable[[str], str]], ...] = (
    (r".*\x00.*", "the file has NUL bytes and was damaged; export it again"),
    (r"[+-]?\d{1,3}(,\d{3})+", _thousands),
    (r"[+-]?\d+,\d+", "write decimals with a point"),
    (
        r"\d{4}-\d\d?-\d\d?.*|\d\d?[./]\d\d?[./]\d{2,4}|\d\d?-[a-z]{3}(-\d+)?",
        "write days since a date of your choice",
    ),
    (r"[<\u2264].*", "declare below: half for values below a limit, write a number, or leave the cell empty"),
    (r"[>\u2265].*", "write a number for a value beyond the limit, or leave the cell empty"),
    (r"yes|no|true|false|y|n", "write 1 for yes and 0 for no"),
    (
        r"[-.?]+|none|missing|unknown|#n/?a|n\.a\.|nd|[+-]?nan.*",
        "leave the cell empty if it was not measured",
    ),
    (r"[+-]?\d{1,3}([ '_]\d{3})+(\.\d+)?", "write it without separators of thousands"),
    (r"0x[0-9a-f]+", "write it in decimal digits"),
    (r"[+-]?[\d.]+ ?[a-z%\u00b5/]+", "put the unit into the name of the column"),
)
"""Pattern of the whole text in lower case -> advice; the first match counts."""


def not_a_number(text: str) -> str:
    r"""Sentence that `text` is not a number, with advice.

    Examples
    --------
    >>> print(not_a_number("1,5"))
    '1,5' is not a number; write decimals with a point
    >>> print(not_a_number("high"))
    'high' is not a number; correct the cell or leave it empty
    """
    matches = (advice for form, advice in _ADVICE if re.fullmatch(form, text.strip().lower(), re.DOTALL))
    advice = next(matches, "correct the cell or leave it empty")
    shown = text if text.isprintable() else repr(text)[1:-1]
    return f"'{shown}' is not a number; {advice if isinstance(advice, str) else advice(text.strip())}"
