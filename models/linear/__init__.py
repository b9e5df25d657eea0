"""Elastic net, ridge and non-negative regressions of any likelihood."""
