"""Sentences and formatted numbers that the screen and the report share."""
