"""A guessed cohort as a ``cohort.yaml`` for people: above each line why it says so."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from omics.infer.cohort_yaml import GuessedCohort
from omics.infer.guess import Guess

__all__ = ["CHECK", "as_yaml", "unsure"]

CHECK = "check this: "
WIDTH = 110

HEAD = """What this folder was taken for, and why. Correct what is wrong, above all where a line says "check this";
then let `stratomics check` look at it."""


def as_yaml(cohort: GuessedCohort) -> str:
    """Write the text of ``cohort.yaml``, a comment above each guess."""
    return "\n".join(_lines(cohort)) + "\n"


def unsure(cohort: GuessedCohort) -> list[str]:
    """Name the parts that a person should check."""
    roles = cohort.roles
    parts: dict[str, Guess[Any] | None] = {"samples": roles.samples, "id": roles.identifier}
    parts |= {f"view {name}": guess for name, guess in cohort.views.items()}
    parts |= {f"endpoint {name}": guess for name, guess in cohort.endpoints.taken.items()}
    parts |= {key: getattr(cohort, key) for key in ("arm", "site", "group", "covariates")}
    return [part for part, guess in parts.items() if guess is not None and guess.value and not guess.sure]


def _lines(cohort: GuessedCohort) -> Iterator[str]:
    roles = cohort.roles
    yield from _comment(HEAD)
    yield f"name: {_flow(cohort.name)}"
    yield ""
    file, samples = roles.samples.value.file, roles.samples
    yield from _said(Guess(None, f"{file} has a row a patient: {samples.why}", samples.sure))
    yield from _said(
        Guess(None, f"{roles.identifier.value} is the id: {roles.identifier.why}", roles.identifier.sure)
    )
    yield f"samples: {_flow({'file': file, 'id': roles.identifier.value})}"
    yield ""
    yield from _named("views", cohort.views)
    for stranger in roles.strangers:
        yield from _comment(f"{CHECK}{stranger} takes no part, since it shares no id with {file}", "  ")
    yield ""
    yield from _endpoints(cohort)
    yield from _arm(cohort)
    for key in ("site", "group"):
        guess = getattr(cohort, key)
        if guess is not None:
            yield from _said(guess)
            yield f"{key}: {_flow(guess.value)}"
    yield from _said(cohort.covariates)
    if cohort.others:
        yield from _comment(f"without a role, add what is known before treatment: {', '.join(cohort.others)}")
    yield f"covariates: {_flow(cohort.covariates.value)}"


def _endpoints(cohort: GuessedCohort) -> Iterator[str]:
    found = cohort.endpoints
    if not found.taken:
        yield from _comment(
            f"{CHECK}no outcome was found; a time with its event, or a response, such as "
            "survival: {time: days, event: died, unit: days} or response: {column: best, positive: CR}"
        )
        yield "endpoints: {}"
    else:
        if len(found.taken) > 1:
            yield from _comment("the first decides; another does with primary: NAME")
        yield from _named("endpoints", found.taken)
    for name, guess in found.spare.items():
        yield from _comment(f"could be declared too ({guess.why}):", "  ")
        yield f"  # {_flow(name)}: {_flow(guess.value)}"
    for note in found.notes:
        yield from _comment(f"{CHECK}{note}", "  ")
    yield ""


def _arm(cohort: GuessedCohort) -> Iterator[str]:
    if cohort.arm is not None:
        yield from _said(cohort.arm)
        yield f"arm: {_flow(cohort.arm.value)}"
    if cohort.offered_arm is not None:
        yield from _comment(
            f"if {cohort.offered_arm.value['column']} is the arm of a trial ({cohort.offered_arm.why}):"
        )
        yield f"# arm: {_flow(cohort.offered_arm.value)}"


def _named(key: str, guesses: dict[str, Guess[dict[str, Any]]]) -> Iterator[str]:
    yield f"{key}:"
    for name, guess in guesses.items():
        yield from _said(guess, "  ")
        yield f"  {_flow(name)}: {_flow(guess.value)}"


def _said(guess: Guess[Any], indent: str = "") -> Iterable[str]:
    return _comment(guess.why if guess.sure else f"{CHECK}{guess.why}", indent)


def _comment(sentence: str, indent: str = "") -> Iterable[str]:
    """Break a sentence into lines of comment; what no screen shows is written out."""
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in sentence.replace("\n", " "))
    begin = f"{indent}# "
    return textwrap.wrap(shown, WIDTH, initial_indent=begin, subsequent_indent=begin, break_long_words=False)


def _flow(value: Any) -> str:
    """Give a value as yaml on one line."""
    return yaml.safe_dump([value], default_flow_style=True, sort_keys=False, width=10**6, allow_unicode=True)[
        1:-2
    ]
