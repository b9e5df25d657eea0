"""P values and numbers, written the same way everywhere."""

from __future__ import annotations

import re

__all__ = ["p_cell", "p_value", "sentence", "true_minus", "with_p_values"]

SMALLEST_P, LARGEST_P = 0.001, 0.995
"""P values beyond these are not written out."""

SIGN = re.compile(
    r"<(?:script|style|code|title)\b.*?</(?:script|style|code|title)\s*>|<[^>]*>"
    r"|(?P<zero>(?<![\w.)])[+-](?=0\.0+(?!\d)))|(?P<minus>(?<![\w.)-])-(?=\.?\d))",
    re.DOTALL,
)
"""The sign of a number in the text of a page, that of a rounded zero, or what is left alone."""

P_VALUE = re.compile(r"\bp (\d+(?:\.\d+)?(?:e-\d+)?)")
"""A p value in a stored sentence."""


def p_value(p: float) -> str:
    """Write a p value in a sentence.

    Examples
    --------
    >>> p_value(0.0213), p_value(1e-9), p_value(0.3)
    ('p = 0.021', 'p < 0.001', 'p = 0.30')
    """
    text = p_cell(p)
    return f"p {text}" if text.startswith(("<", ">")) else f"p = {text}"


def p_cell(p: float) -> str:
    """Write a p value in a table, whose heading says that it is one.

    Examples
    --------
    >>> p_cell(0.0213), p_cell(1e-9), p_cell(0.3), p_cell(0.9999)
    ('0.021', '< 0.001', '0.30', '> 0.99')
    """
    if p < SMALLEST_P:
        return f"< {SMALLEST_P}"
    if p >= LARGEST_P:
        return "> 0.99"
    return f"{p:.2f}" if p >= 0.095 else f"{p:.2g}"  # noqa: PLR2004  # two digits either way


def with_p_values(sentence: str) -> str:
    """Write the p values of a stored sentence as those of the report.

    Examples
    --------
    >>> with_p_values("the strongest interaction, permutation p 0.002; order p 7.1e-10")
    'the strongest interaction, permutation p = 0.002; order p < 0.001'
    """
    return P_VALUE.sub(lambda found: p_value(float(found[1])), sentence)


def sentence(text: str) -> str:
    """Write a stored clause as a sentence: with a capital, a full stop, and p values as those of the report.

    Examples
    --------
    >>> sentence("a hazard ratio is assumed; p 0.012"), sentence("RATE is positive.")
    ('A hazard ratio is assumed; p = 0.012.', 'RATE is positive.')
    """
    text = with_p_values(text.strip())
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?', ':')) else '.'}"


def true_minus(page: str) -> str:
    r"""Write a minus sign before the negative numbers in the text of an HTML page, and none before a rounded zero.

    Attributes, among them the csv of tables, scripts, styles and code keep the hyphen of programs.

    Examples
    --------
    >>> ascii(true_minus('<td title="-1">-0.042 (-0.057 to -0.000)</td><code>--draws -1</code> p38-1'))
    '\'<td title="-1">\\u22120.042 (\\u22120.057 to 0.000)</td><code>--draws -1</code> p38-1\''
    """
    return SIGN.sub(_signed, page)


def _signed(found: re.Match[str]) -> str:
    if found["zero"]:
        return ""
    return "\N{MINUS SIGN}" if found["minus"] else found[0]
