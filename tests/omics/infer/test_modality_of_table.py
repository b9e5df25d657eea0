"""The modality of a table, from the names of its features and its values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from omics.infer.modality_of_table import guess_modality


@pytest.mark.parametrize(
    ("features", "modality"),
    [
        (["cg00000029", "cg00000108", "cg00000109"], "genomics"),
        (["rs12", "rs1799971", "chr1:12345"], "genomics"),
        (["TP53_mut", "KRAS_mut"], "genomics"),
        (["ENSG00000141510", "ENSG00000012048.5"], "transcriptomics"),
        (["hsa-mir-21", "hsa-let-7a-1"], "transcriptomics"),
        (["P04637", "Q9Y6K9", "A0A024R161"], "proteomics"),
        (["IL-6", "TNFa", "CXCL10"], "proteomics"),
        (["HMDB0000122", "HMDB00148"], "metabolomics"),
        (["Glutamine", "Lactate", "Glucose", "Leucine"], "metabolomics"),
        (["PC 34:1", "SM 36:2", "TG(52:3)"], "metabolomics"),
        (["C10", "C10.1", "C16"], "metabolomics"),
        (["p__Firmicutes|g__Dialister", "g__Bacteroides.s__ovatus"], "microbiome"),
        (["ASV00015", "OTU_12"], "microbiome"),
        (["feret_diameter", "area"], "generic"),
    ],
)
def test_features_tell_the_modality_where_the_file_does_not(features: list[str], modality: str) -> None:
    values = pd.DataFrame(np.random.default_rng(0).normal(size=(4, len(features))), columns=features)
    assert guess_modality("table1.csv", values.columns, values).value == modality


def test_genes_alone_leave_a_doubt() -> None:
    genes = pd.Index(["TP53", "KRAS", "EGFR", "BRCA1"])
    copies = pd.DataFrame([[0, 1, -1, 2], [0, 0, 0, -2]], columns=genes)
    counts = pd.DataFrame([[10, 812, 55, 2], [3, 70, 91, 16], [5, 6, 7, 9]], columns=genes)
    for values, modality in ((copies, "genomics"), (counts, "transcriptomics")):
        guess = guess_modality("table1.csv", genes, values)
        assert (guess.value, guess.sure) == (modality, False)
