"""Write a guessed cohort as a ``cohort.yaml`` with a comment above each line that gives the reason for it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from omics.infer.cohort_yaml import GuessedCohort, ViewEntry
from omics.infer.endpoint_guesses import EndpointEntry
from omics.infer.guess import Guess

__all__ = ["CHECK", "NOT_USED", "as_yaml", "unsure"]

CHECK = "check this: "
NOT_USED = " (not used)"
"""End of the name of a file that is not used."""
WIDTH = 110

HEAD = """Guesses about this folder, with their reasons. Correct what is wrong, above all where a line says
"check this"; then run `stratomics check`."""


def as_yaml(cohort: GuessedCohort) -> str:
    """Text of ``cohort.yaml``, with a comment above each guess."""
    return "\n".join(_lines(cohort)) + "\n"


def unsure(cohort: GuessedCohort) -> list[str]:
    """Names of the parts that a person should check."""
    roles = cohort.roles
    parts: dict[str, Guess[Any] | None] = {"samples": roles.samples, "id": roles.identifier}
    parts |= {f"view {name}": guess for name, guess in cohort.views.items()}
    parts |= {f"endpoint {name}": guess for name, guess in cohort.endpoints.declared.items()}
    parts |= {key: getattr(cohort, key) for key in ("arm", "site", "group", "covariates")}
    if cohort.exposure is not None:
        parts["exposure"] = cohort.exposure.entry
    doubtful = [part for part, guess in parts.items() if guess is not None and guess.value and not guess.sure]
    return doubtful + [f"{file}{NOT_USED}" for file in roles.unmatched]


def _lines(cohort: GuessedCohort) -> Iterator[str]:
    roles = cohort.roles
    yield from _comment(HEAD)
    yield f"name: {_flow(cohort.name)}"
    yield ""
    file, samples = roles.samples.value.file, roles.samples
    yield from _reason(Guess(None, f"{file} has one row per patient: {samples.why}", samples.sure))
    yield from _reason(
        Guess(None, f"{roles.identifier.value} is the id: {roles.identifier.why}", roles.identifier.sure)
    )
    yield f"samples: {_flow(roles.entry())}"
    yield ""
    yield from _named("views", cohort.views)
    for unmatched, why in roles.unmatched.items():
        yield from _comment(f"{CHECK}{unmatched} is not used: {why}", "  ")
    yield ""
    yield from _endpoints(cohort)
    yield from _arm(cohort)
    for key in ("site", "group"):
        guess = getattr(cohort, key)
        if guess is not None:
            yield from _reason(guess)
            yield f"{key}: {_flow(guess.value)}"
    yield from _reason(cohort.covariates)
    if cohort.others:
        yield from _comment(f"not used; add what is known before treatment: {', '.join(cohort.others)}")
    yield f"covariates: {_flow(cohort.covariates.value)}"
    if cohort.exposure is not None:
        yield ""
        yield from _reason(cohort.exposure.entry)
        mark = "" if cohort.exposure.is_complete else "# "
        yield f"{mark}exposure: {_flow(cohort.exposure.entry.value)}"


def _endpoints(cohort: GuessedCohort) -> Iterator[str]:
    endpoints = cohort.endpoints
    if not endpoints.declared:
        yield from _comment(
            f"{CHECK}no outcome was found; declare a time with its event, or a response, such as "
            "survival: {time: days, event: died, unit: days} or response: {column: best, positive: CR}"
        )
        yield "endpoints: {}"
    else:
        if len(endpoints.declared) > 1:
            yield from _comment("the first one is the primary endpoint; choose another with primary: NAME")
        yield from _named("endpoints", endpoints.declared)
    for name, guess in endpoints.alternatives.items():
        yield from _comment(f"could be declared too ({guess.why}):", "  ")
        yield f"  # {_flow(name)}: {_flow(guess.value)}"
    for note in endpoints.notes:
        yield from _comment(f"{CHECK}{note}", "  ")
    yield ""


def _arm(cohort: GuessedCohort) -> Iterator[str]:
    if cohort.arm is not None:
        yield from _reason(cohort.arm)
        yield f"arm: {_flow(cohort.arm.value)}"
    possible = cohort.possible_arm
    if possible is not None:
        yield from _comment(f"if {possible.value['column']} is the arm of a trial ({possible.why}):")
        yield f"# arm: {_flow(possible.value)}"


def _named(
    key: str, guesses: Mapping[str, Guess[ViewEntry]] | Mapping[str, Guess[EndpointEntry]]
) -> Iterator[str]:
    yield f"{key}:"
    for name, guess in guesses.items():
        yield from _reason(guess, "  ")
        yield f"  {_flow(name)}: {_flow(guess.value)}"


def _reason(guess: Guess[Any], indent: str = "") -> Iterable[str]:
    return _comment(guess.why if guess.sure else f"{CHECK}{guess.why}", indent)


def _comment(sentence: str, indent: str = "") -> Iterable[str]:
    """Break a sentence into lines of comment; characters that no screen shows are escaped."""
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in sentence.replace("\n", " "))
    begin = f"{indent}# "
    return textwrap.wrap(shown, WIDTH, initial_indent=begin, subsequent_indent=begin, break_long_words=False)


def _flow(value: Any) -> str:
    """Value as yaml on one line."""
    return yaml.safe_dump([value], default_flow_style=True, sort_keys=False, width=10**6, allow_unicode=True)[
        1:-2
    ]
