"""Likelihoods as functions ``(estimate, outcome) -> loss``, one value a member; a file a family.

Every one takes leading dimensions of members, weights (members, n), and gives 0, connected to the graph, to a
member without patients (or without events, where only events count). A partial likelihood is the mean per event,
a full one the mean per patient, so that neither follows the size of a batch.
"""
