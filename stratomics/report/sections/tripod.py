"""The report's TRIPOD+AI checklist: what this run says of itself, and what a person has to write.

Collins et al. 2024, doi 10.1136/bmj-2023-078378: 27 items of what to report of a prediction model. The wording here
is our own and shorter; the statement is what counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from stratomics.report import checklist_facts as facts
from stratomics.report.section import Section, Table
from stratomics.runs.run_directory import RunDirectory

__all__ = ["ITEMS", "Item", "tripod", "tripod_table"]

AUTOMATIC, HUMAN = "automatic", "needs a human"


@dataclass(frozen=True)
class Item:
    """One item of the checklist.

    Attributes
    ----------
    number, asks
        As the statement counts them, and what it asks for, in our words.
    hint
        What a person should write.
    fill
        Function of a run that says it; None where only a person knows.
    """

    number: str
    asks: str
    hint: str = ""
    fill: Callable[[RunDirectory], str] | None = None


ITEMS = (
    Item(
        "1",
        "Title: a prediction model, developed or evaluated, of whom and what",
        "Name the target population, the outcome, and that the model was developed here.",
    ),
    Item(
        "2",
        "Structured abstract",
        "Follow TRIPOD+AI for abstracts; the answer in a minute holds the figures.",
    ),
    Item(
        "3a",
        "Health context, and models there are already",
        "Diagnosis or prognosis; what is used today, with citations.",
    ),
    Item(
        "3b",
        "For whom and for what, in which care pathway, used by whom",
        "Name the decision it is to inform.",
    ),
    Item(
        "3c",
        "Known inequalities in health among groups",
        "By sex, age, origin, income, where known of this disease.",
    ),
    Item(
        "4",
        "Objectives: development, evaluation, or both",
        "One sentence; this run develops and evaluates internally.",
    ),
    Item("5a", "Where data came from, and whom they represent", "Add how patients were found.", facts.source),
    Item("5b", "Dates: start and end of accrual, end of follow-up", "Dates are not in the cohort folder."),
    Item("6a", "Setting: number and place of centres", "Add country and kind of care.", facts.site_count),
    Item(
        "6b",
        "Who was eligible",
        "Criteria of inclusion and exclusion, and how many they left out before this cohort.",
    ),
    Item(
        "6c",
        "Treatments received, and how they were handled",
        "Add what else patients received.",
        facts.treatments,
    ),
    Item("7", "Preparation and checks of the data", "Add what the laboratory did.", facts.handling),
    Item(
        "8a",
        "Outcome, its horizon, how and when it was assessed",
        "Add who assessed it, and why this one.",
        facts.outcome,
    ),
    Item("8b", "Assessors of an outcome that is a judgement", "Their training; not needed of death."),
    Item("8c", "Whether assessors of the outcome were blinded", "To predictors and to arms."),
    Item(
        "9a", "How candidate predictors were chosen", "Add why these views were measured.", facts.predictors
    ),
    Item(
        "9b",
        "Definition, time and method of each predictor",
        "Platform, time of sampling, blinding to the outcome.",
    ),
    Item("9c", "Assessors of predictors that are a judgement", "Their training, such as for grade or stage."),
    Item("10", "How the study size came about", "Add any calculation made beforehand.", facts.sized),
    Item("11", "Missing data", "Add why they are missing.", facts.missing_data),
    Item("12a", "How data were used: development and evaluation", "", facts.parted),
    Item("12b", "How predictors were handled", "", facts.handling),
    Item(
        "12c",
        "Kind of model, its building, its tuning and internal validation",
        "Add why this one.",
        facts.model,
    ),
    Item("12d", "Whether parameters or performance differ between clusters", "", facts.within),
    Item("12e", "Measures and plots of performance, and how models were compared", "", facts.compared),
    Item("12f", "Updating or recalibration", "", facts.recalibrated),
    Item("12g", "How predictions are computed for others", "", facts.specification),
    Item("13", "Class imbalance: whether and how it was dealt with", "", facts.balanced),
    Item(
        "14",
        "Fairness: what was done, and why",
        "Name the groups that matter here, and look at them under model card.",
    ),
    Item("15", "What the model puts out, and how classes and thresholds came about", "", facts.promises),
    Item("16", "Differences between development and evaluation data", "", facts.elsewhere),
    Item("17", "Ethical approval and consent", "Committee, number, consent or waiver."),
    Item("18a", "Funding, and the part of those who funded", "Name them."),
    Item("18b", "Conflicts of interest", "Of all authors."),
    Item("18c", "Protocol", "Where it can be read, or that there is none."),
    Item("18d", "Registration", "Register and number, or that there is none."),
    Item("18e", "Availability of the data", "Where, and on what terms."),
    Item("18f", "Availability of the code", "Add where your own scripts are.", facts.code),
    Item("19", "Involvement of patients and the public", "In which step, or that there was none."),
    Item("20a", "Flow of participants, with and without the outcome, and their follow-up", "", facts.events),
    Item(
        "20b",
        "Characteristics of participants, by source",
        "A table of what a clinician asks for, beside the section on the cohort.",
    ),
    Item("20c", "Comparison with the development data, of an evaluation", "", facts.elsewhere),
    Item("21", "Participants and events in each analysis", "", facts.events),
    Item("22", "The whole model, so that others can use it", "Add terms of use.", facts.specification),
    Item(
        "23a",
        "Performance with intervals, in key groups too",
        "Groups are under model card.",
        facts.performance,
    ),
    Item("23b", "Heterogeneity of performance between clusters", "", facts.within),
    Item("24", "Results of updating", "", facts.recalibrated),
    Item(
        "25",
        "Interpretation, fairness included, against objectives and other studies",
        "Start from the first page.",
    ),
    Item("26", "Limitations", "Start from the section on limits: sample, missing data, generalizability."),
    Item("27a", "How inputs of poor quality, or absent, are dealt with in use", "", facts.unusable),
    Item(
        "27b",
        "What users have to do with the inputs, and what they must know",
        "Who runs the assay, and who reads the answer.",
    ),
    Item("27c", "Next steps, with a view on applicability", "Start from What next? on the first page."),
)


def tripod(run: RunDirectory) -> Section:
    """Fill in what is known, and say what is not."""
    table = tripod_table(run)
    filled = int((table["who"] == AUTOMATIC).sum())
    said = (
        f"Of {len(table)} items {filled} are filled in from this run and {len(table) - filled} need a human. "
        "TRIPOD+AI (Collins et al. 2024, doi 10.1136/bmj-2023-078378) says what a report of a prediction model has "
        "to hold; the items are told in our words here, and the statement counts. What is filled in is a beginning, "
        "to be read by who knows the study."
    )
    return Section(
        "tripod",
        "TRIPOD+AI checklist",
        [said, Table("tripod", "Items of TRIPOD+AI", table)],
        "folded.html.j2",
    )


def tripod_table(run: RunDirectory) -> pd.DataFrame:
    """Lay out ``item``, ``asks for``, ``who`` (automatic, or needs a human) and what is said, or is to be written."""
    rows = [(item.number, item.asks, *_said(item, run)) for item in ITEMS]
    return pd.DataFrame(rows, columns=["item", "asks for", "who", "said, or to be written"])


def _said(item: Item, run: RunDirectory) -> tuple[str, str]:
    if item.fill is None:
        return HUMAN, f"To be written: {item.hint}"
    return AUTOMATIC, f"{item.fill(run)} {item.hint}".strip()
