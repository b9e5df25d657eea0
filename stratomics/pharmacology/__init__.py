"""What follows from a genotype for treatment: guidance by drug, doses by genotype, and changes between tables.

Works on the results of pharmacogenes that a cohort carries. Research use: nothing here is for the dosing of patients.
"""
