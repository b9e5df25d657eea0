"""Panels: small locked assays, what they lose against everything measured, and what assay noise does to them."""
