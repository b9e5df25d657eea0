"""Names of phenotypes in any spelling, and phenotypes of scores."""

import pytest

from omics.common.errors import CohortError
from omics.pgx.phenotype import GENES
from omics.pgx.phenotype_names import categories, phenotype_of_score, spelled_phenotype
from omics.pgx.score import ActivityScore


def test_a_lower_bound_that_allows_two_phenotypes_is_indeterminate():
    assert phenotype_of_score("CYP2D6", ActivityScore(1.5, at_least=True)) == "Indeterminate"
    assert phenotype_of_score("CYP2D6", ActivityScore(3.0, at_least=True)) == "Ultrarapid Metabolizer"
    with pytest.raises(CohortError, match="no activity score 7"):
        phenotype_of_score("CYP2C9", ActivityScore(7.0))


@pytest.mark.parametrize("gene", GENES)
def test_phenotypes_of_a_gene_are_spelled_in_any_case(gene):
    for name in categories(gene):
        assert spelled_phenotype(gene, name.upper()) == name
    with pytest.raises(CohortError, match="has no phenotype"):
        spelled_phenotype(gene, "blue")


@pytest.mark.parametrize("text", ["A/G", "G|A", "ag", "-1639 AG"])
def test_bases_of_a_genotype_are_read(text):
    assert spelled_phenotype("VKORC1", text) == "-1639 AG"
