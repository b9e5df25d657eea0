"""Read yaml safely and strictly: one document, every key once, errors with their line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from omics.common.errors import CohortError

__all__ = ["load_yaml", "parse_yaml"]

MOST_VALUES = 100_000
"""Values of a yaml; aliases of aliases would fill the memory from a few lines."""


def load_yaml(path: Path) -> Any:
    """Read a yaml file.

    Raises
    ------
    CohortError
        If the file is not utf-8, not yaml, or has a key twice.
    """
    try:
        return parse_yaml(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError:
        raise CohortError("the yaml is not utf-8; save it as utf-8", "not_utf8", file=str(path)) from None


def parse_yaml(text: str, file: str) -> Any:
    """Read yaml from text.

    Parameters
    ----------
    text
        One document.
    file
        Named in errors.

    Returns
    -------
    object
        Its content.

    Raises
    ------
    CohortError
        If the text is not yaml, has a key twice, or has aliases that expand to too much or to themselves.
    """
    try:
        root = yaml.compose(text, yaml.SafeLoader)
        if root is not None:
            _count(root, {}, file)
        return yaml.load(text, _UniqueKeyLoader)  # noqa: S506  # it is a SafeLoader
    except yaml.YAMLError as error:
        raise CohortError(f"not valid yaml ({_reason(error)})", "invalid_yaml", file=file) from None


def _count(node: yaml.Node, sizes: dict[int, int], file: str) -> int:
    """Count the values below a node, and each alias as what it stands for."""
    if id(node) in sizes:
        return sizes[id(node)]
    sizes[id(node)] = MOST_VALUES + 1  # an alias of a node inside it has no end
    parts = node.value if isinstance(node, yaml.CollectionNode) else ()
    inner = (one for part in parts for one in (part if isinstance(part, tuple) else (part,)))
    size = 1 + sum(_count(one, sizes, file) for one in inner)
    if size > MOST_VALUES:
        raise CohortError(
            f"the yaml has more than {MOST_VALUES} values, each alias counted as what it stands for; write what is "
            "needed without aliases",
            "too_large",
            file=file,
        )
    sizes[id(node)] = size
    return size


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
