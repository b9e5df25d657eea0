"""Names of samples in the paths of their files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PureWindowsPath

from omics.readers.matrix import file_stem

__all__ = ["STAR_SUFFIX", "names_of_samples"]

STAR_SUFFIX = r"[._-]?Aligned(\.sortedByCoord|\.toTranscriptome)?(\.out)?"
"""What STAR adds to the name of a sample."""


def names_of_samples(paths: Sequence[str], endings: str, suffix: str = "") -> list[str]:
    """Names of samples: those of their files, or of the folders that differ where files have the same name.

    Parameters
    ----------
    paths
        Paths of the files of all samples.
    endings
        Endings to remove, without dots, separated by ``|``.
    suffix
        Regular expression of what a program adds to the name of a sample.

    Returns
    -------
    list of str
        The names.

    Examples
    --------
    >>> names_of_samples(["s/P1/Aligned.out.bam", "s/P2/Aligned.out.bam"], "bam", STAR_SUFFIX)
    ['P1', 'P2']
    """
    stems = [re.sub(f"(?:{suffix})$", "", file_stem(path, endings)) for path in paths]
    if len(set(stems)) == len(stems) and all(stems):
        return stems
    parts = [PureWindowsPath(path).parts[:-1] for path in paths]
    for depth in range(1, min(map(len, parts)) + 1):
        folders = [part[-depth] for part in parts]
        if len(set(folders)) == len(folders):
            return folders
    return stems
