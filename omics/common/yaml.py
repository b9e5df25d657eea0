"""Read yaml safely and strictly: one document, every key once, errors with their line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from omics.common.errors import CohortError

__all__ = ["load_yaml", "parse_yaml"]


def load_yaml(path: Path) -> Any:
    """Read a yaml file.

    Raises
    ------
    CohortError
        If the file is not utf-8, not yaml, or has a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CohortError("the yaml is not utf-8; save it as utf-8", "not_utf8", file=str(path)) from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, file: str) -> Any:
    """Read the text of a yaml file.

    Parameters
    ----------
    text
        The text.
    file
        Named in errors.

    Returns
    -------
    Any
        What the text says.

    Raises
    ------
    CohortError
        If the text is not yaml, or has a key twice.
    """
    try:
        return yaml.load(text, _UniqueKeyLoader)  # noqa: S506  # it is a SafeLoader
    except yaml.YAMLError as error:
        raise CohortError(f"not valid yaml ({_reason(error)})", "invalid_yaml", file=file) from None


class _UniqueKeyLoader(yaml.SafeLoader):
    """A safe loader for which a repeated key is an error; yaml would silently drop its first value."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping with unique keys."""
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                mark = node.value[place][0].start_mark
                raise yaml.MarkedYAMLError(problem=f"the key '{key}' appears twice", problem_mark=mark)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def _reason(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem and error.problem_mark:
        if "'\\t'" in error.problem:
            return f"line {error.problem_mark.line + 1} has a tab; indent with blanks"
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())
