"""Registry of checks of a whole cohort, each of which yields findings; a new check is one function and one line."""

CHECKS = {
    "views": "omics.checks.views:describe_views",
    "left_out": "omics.checks.views:left_out_by_readers",
    "cells": "omics.checks.cells:describe_cells",
    "overlap": "omics.checks.views:overlap_of_views",
    "patients_without_views": "omics.checks.views:patients_without_views",
    "identical_patients": "omics.checks.views:identical_patients",
    "duplicated_features": "omics.checks.views:features_in_two_views",
    "swapped_samples": "omics.checks.swaps:swapped_samples",
    "endpoints": "omics.checks.endpoints:describe_endpoints",
    "time_zero": "omics.checks.endpoints:time_zero",
    "half_observed": "omics.checks.endpoints:half_observed",
    "follow_up_wall": "omics.checks.endpoints:follow_up_wall",
    "function_of_another": "omics.checks.endpoints:function_of_another",
    "arms": "omics.checks.confounding:describe_arms",
    "missing_tied": "omics.checks.confounding:missing_views_by_group",
    "site_confounded": "omics.checks.confounding:confounded_site",
    "outcome_like_names": "omics.checks.leaks:outcome_like_names",
    "perfect_features": "omics.checks.leaks:perfect_features",
    "labels_in_views": "omics.checks.circular:labels_in_views",
    "telling_ids": "omics.checks.leaks:telling_ids",
}
