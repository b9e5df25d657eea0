"""From germline genotypes to diplotypes, phenotypes and features: one patient at a time, never learned from patients.

The tables in ``tables/`` hold content of CPIC (CC0 1.0; www.clinpgx.org) and carry its date. Research use: nothing
here is for the dosing of patients.
"""
