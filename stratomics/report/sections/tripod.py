"""The report's TRIPOD+AI checklist: items filled in from the run, and items that the investigator has to write.

Collins et al. 2024, doi 10.1136/bmj-2023-078378: 27 items to report for a prediction model. The items are paraphrased
and shortened here; the published statement is authoritative.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from stratomics.report.section import Section, Table
from stratomics.report.text import run_facts as facts
from stratomics.runs.run_directory import RunDirectory

__all__ = ["ITEMS", "Item", "tripod", "tripod_table"]

AUTOMATIC, HUMAN = "automatic", "to be written"


@dataclass(frozen=True)
class Item:
    """One item of the checklist.

    Attributes
    ----------
    number, text
        Number in the statement, and its paraphrased content.
    hint
        What the investigator should write.
    fill
        Function of a run that fills the item in; None if the run does not contain the information.
    """

    number: str
    text: str
    hint: str = ""
    fill: Callable[[RunDirectory], str] | None = None


ITEMS = (
    Item(
        "1",
        "Title: development or evaluation of a prediction model, target population, outcome",
        "Name the target population and the outcome, and state that the model was developed here.",
    ),
    Item(
        "2",
        "Structured abstract",
        "Follow TRIPOD+AI for Abstracts; the summary of this report has the results.",
    ),
    Item(
        "3a",
        "Healthcare context and existing models",
        "Diagnosis or prognosis; what is used today, with citations.",
    ),
    Item(
        "3b",
        "Target population, purpose in the care pathway, intended users",
        "Name the decision that the model is intended to inform.",
    ),
    Item(
        "3c",
        "Known health inequalities between groups",
        "By sex, age, ethnicity and income, if known for this disease.",
    ),
    Item(
        "4",
        "Objectives: development, evaluation, or both",
        "One sentence; this run develops a model and validates it internally.",
    ),
    Item(
        "5a",
        "Data sources, and whether they are representative",
        "Add how patients were recruited.",
        facts.source,
    ),
    Item(
        "5b", "Dates: start and end of accrual, end of follow-up", "Dates are not part of the cohort folder."
    ),
    Item("6a", "Setting: number and location of centres", "Add country and type of care.", facts.site_count),
    Item(
        "6b",
        "Eligibility criteria",
        "Inclusion and exclusion criteria, and the number of patients excluded before this cohort.",
    ),
    Item("6c", "Treatments and how they were handled", "Add other treatments.", facts.treatments),
    Item(
        "7",
        "Data preparation and quality checks",
        "Add the processing in the laboratory.",
        facts.preprocessing,
    ),
    Item(
        "8a",
        "Outcome, its time horizon, how and when it was assessed",
        "Add who assessed it, and why it was chosen.",
        facts.endpoint,
    ),
    Item("8b", "Assessors of a subjective outcome", "Qualification of the assessors; not needed for death."),
    Item("8c", "Blinding of outcome assessment", "Blinding to predictors and to treatment arms."),
    Item("9a", "Choice of candidate predictors", "Add why these views were measured.", facts.predictors),
    Item(
        "9b",
        "Definition, timing and method of measurement of each predictor",
        "Platform, time of sampling, blinding to the outcome.",
    ),
    Item(
        "9c",
        "Assessors of subjective predictors",
        "Qualification of the assessors, for example of grade or stage.",
    ),
    Item("10", "How the study size was determined", "Add any sample size calculation.", facts.sample_size),
    Item("11", "Missing data", "Add the reasons for missing data.", facts.missing_data),
    Item("12a", "How data were used for development and evaluation", "", facts.splits),
    Item("12b", "How predictors were handled", "", facts.preprocessing),
    Item(
        "12c",
        "Type of model, model building, tuning and internal validation",
        "Add why this model was chosen.",
        facts.model,
    ),
    Item("12d", "Heterogeneity between clusters", "", facts.site_differences),
    Item("12e", "Measures and plots of performance, comparison of models", "", facts.comparison),
    Item("12f", "Model updating or recalibration", "", facts.recalibration),
    Item("12g", "How predictions are calculated for new patients", "", facts.model_files),
    Item("13", "Class imbalance and how it was handled", "", facts.class_imbalance),
    Item(
        "14",
        "Fairness: methods and rationale",
        "Name the groups that are relevant here; the model card shows performance by group.",
    ),
    Item("15", "Output of the model, choice of classes and thresholds", "", facts.coverage),
    Item("16", "Differences between development and evaluation data", "", facts.external_validation),
    Item("17", "Ethical approval and consent", "Committee, number, consent or waiver."),
    Item("18a", "Funding and role of the funders", "Name them."),
    Item("18b", "Conflicts of interest", "For all authors."),
    Item("18c", "Protocol", "Where it is available, or that there is none."),
    Item("18d", "Registration", "Register and number, or that there is none."),
    Item("18e", "Data availability", "Where and under what conditions."),
    Item("18f", "Code availability", "Add where additional scripts are available.", facts.code),
    Item("19", "Involvement of patients and the public", "At which stage, or that there was none."),
    Item("20a", "Flow of participants, with and without the outcome, and follow-up", "", facts.events),
    Item(
        "20b",
        "Characteristics of participants, by data source",
        "A table of clinical characteristics, in addition to the section on the cohort.",
    ),
    Item("20c", "Comparison with the development data, for an evaluation", "", facts.external_validation),
    Item("21", "Number of participants and events in each analysis", "", facts.events),
    Item("22", "Full model specification", "Add terms of use.", facts.model_files),
    Item(
        "23a",
        "Performance with confidence intervals, also in key subgroups",
        "The model card shows performance by group.",
        facts.performance,
    ),
    Item("23b", "Heterogeneity of performance between clusters", "", facts.site_differences),
    Item("24", "Results of model updating", "", facts.recalibration),
    Item(
        "25",
        "Interpretation of the results, including fairness, given objectives and previous studies",
        "Start from the summary.",
    ),
    Item(
        "26",
        "Limitations",
        "Start from the section on limitations: sample, missing data, generalizability.",
    ),
    Item("27a", "Handling of poor-quality or missing input data in use", "", facts.unusable_inputs),
    Item(
        "27b",
        "Interaction of users with the inputs, and required expertise",
        "Who performs the assay, and who interprets the prediction.",
    ),
    Item("27c", "Next steps, with regard to applicability", "Start from the next steps in the summary."),
)


def tripod(run: RunDirectory) -> Section:
    """Fill in the items that the run provides, and list the others."""
    table = tripod_table(run)
    filled = int((table["status"] == AUTOMATIC).sum())
    text = (
        f"Of {len(table)} items, {filled} are filled in from this run and {len(table) - filled} have to be written by "
        "the investigator. TRIPOD+AI (Collins et al. 2024, doi 10.1136/bmj-2023-078378) defines what a report of a "
        "prediction model should contain. The items are paraphrased here; the published statement is authoritative. "
        "Check the filled-in items before use."
    )
    return Section(
        "tripod",
        "TRIPOD+AI checklist",
        [text, Table("tripod", "Items of TRIPOD+AI", table)],
        "folded.html.j2",
    )


def tripod_table(run: RunDirectory) -> pd.DataFrame:
    """One row per item: number, content, status (automatic, or to be written), and the text or what to write."""
    rows = [(item.number, item.text, *_entry(item, run)) for item in ITEMS]
    return pd.DataFrame(rows, columns=["item", "content", "status", "text, or what to write"])


def _entry(item: Item, run: RunDirectory) -> tuple[str, str]:
    if item.fill is None:
        return HUMAN, f"To be written: {item.hint}"
    return AUTOMATIC, f"{item.fill(run)} {item.hint}".strip()
