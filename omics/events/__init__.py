"""Doses and levels of drugs over time, as population modelling programs write them."""
