"""Likelihoods as functions ``(estimate, outcome) -> loss`` with one value per member; one file per family.

Every loss accepts leading dimensions of members and weights (members, n). A member without patients (or without
events, where only events count) gets 0, connected to the graph. A partial likelihood is the mean per event, a full
likelihood is the mean per patient, so that the loss does not depend on the size of a batch.
"""
