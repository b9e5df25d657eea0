"""The report's section on gene-set analysis: sets of features that rise or fall with factors or differ by group."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from stratomics.report.figures.style import COLOURS, GREY, GRID, INK, NARROW, WIDE, new_figure
from stratomics.report.section import Block, Details, Panel, Section, Table
from stratomics.report.text.numbers import p_cell
from stratomics.runs.run_directory import RunDirectory
from stratomics.strata.biology.result import DISCOVERY, PANEL_SCORE, SetAnalysis
from stratomics.strata.biology.store import load_biology

__all__ = ["biology", "draw_sets", "set_sentences", "sets_size", "strongest_sets"]

SHOWN = 12
"""Sets in the figure."""

NAMED = 3
"""Sets named in the sentence on a factor."""

LETTERS = 36
"""Letters of a label; longer ones are cut."""

FEW = 4
"""Maximum number of contrasts of a figure that is narrow."""

MANY = 8
"""Contrasts from which their names are written upright."""

SMALLEST_Q = 1e-6
"""All smaller q have the same size of mark."""

MARKS = {"up": ("^", COLOURS[2], "rises"), "down": ("v", COLOURS[0], "falls")}
"""Direction -> mark, colour, and word."""

INTRODUCTION = (
    "Each set of genes, proteins, metabolites or taxa is tested for each factor: do its features rise or fall with the "
    "factor more than the other features of the same view? The other factors are in the model, and the correlation "
    "between the features of a set is estimated (CAMERA). The false discovery rate q is over all sets, factors and "
    "views. Groups of patients, if any were named, and a locked panel are tested in the same way and have their own q; "
    "the analytes of the panel are left out of the features, since they make its score."
)
CAUTION = (
    "Factors, and a panel, were fitted to all patients. The sets describe them, and are no evidence that they predict "
    "an outcome."
)


def biology(run: RunDirectory) -> Section | None:
    """Show what ``stratomics biology`` found; None for a run that it has not analysed."""
    result = load_biology(run)
    if result is None:
        return None
    found = result.found
    blocks: list[Block] = [INTRODUCTION, _verdict(result)]
    if len(found):
        blocks += [_panel(result), [*set_sentences(found), *result.panel], CAUTION]
        caption = f"Sets with a false discovery rate q below {DISCOVERY:g}"
        blocks.append(
            Details(
                f"Show the {len(found)} tests with q below {DISCOVERY:g}",
                [Table("sets", caption, _table(found))],
            )
        )
    if result.activity is not None:
        blocks.append(_activity(run, result.activity))
    blocks.append(Details("Show how features were matched to sets", [list(result.notes)]))
    return Section("biology", "Gene-set analysis", blocks)


def set_sentences(found: pd.DataFrame) -> list[str]:
    """Name the strongest sets of each factor or group.

    Parameters
    ----------
    found
        Rows of the table of tests with a small q, the smallest p first.

    Returns
    -------
    list of str

    Examples
    --------
    >>> set_sentences(pd.DataFrame({"contrast": ["factor2", "factor2"], "title": ["Cell cycle", "Hypoxia"],
    ...     "view": ["rna", "rna"], "direction": ["up", "down"]}))
    ['Factor 2 rises with Cell cycle (rna) and falls with Hypoxia (rna).']
    """
    return [_sentence(str(name), part) for name, part in found.groupby("contrast", sort=False)]


def strongest_sets(tests: pd.DataFrame, count: int) -> pd.DataFrame:
    """Select the sets with the smallest p for any contrast.

    Parameters
    ----------
    tests
        The table of tests.
    count
        Number of sets, each in one view.

    Returns
    -------
    pandas.DataFrame
        All rows of these sets, in the order of their smallest p.
    """
    ordered = tests.sort_values("p", kind="stable")
    first = ordered.drop_duplicates(["view", "collection", "set"]).head(count)[["view", "collection", "set"]]
    return first.merge(tests, on=["view", "collection", "set"])


def sets_size(tests: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches of the figure of some sets."""
    sets = len(tests.drop_duplicates(["view", "collection", "set"]))
    return NARROW if tests["contrast"].nunique() <= FEW else WIDE, 1.6 + 0.32 * max(sets, 3)


def draw_sets(axes: Axes, tests: pd.DataFrame) -> None:
    """Draw one row per set and one column per contrast: direction by mark and colour, q by size.

    Parameters
    ----------
    axes
        Where to draw.
    tests
        Rows of the sets, in their order from the top. Marks are filled where q is below 0.05.
    """
    rows = tests[["view", "collection", "set"]].apply(tuple, axis=1)
    places = {key: place for place, key in enumerate(dict.fromkeys(rows))}
    contrasts = {name: place for place, name in enumerate(sorted(set(tests["contrast"]), key=_order))}
    for direction, (mark, colour, _) in MARKS.items():
        part = tests[tests["direction"] == direction]
        small = (part["q"] < DISCOVERY).to_numpy(dtype=bool)
        axes.scatter(
            part["contrast"].map(contrasts),
            rows[part.index].map(places),
            s=_areas(part["q"].to_numpy(dtype=np.float64)),
            marker=mark,
            facecolors=[colour if filled else "none" for filled in small],
            edgecolors=[colour if filled else GREY for filled in small],
            linewidths=0.9,
            zorder=2,
        )
    labels = tests.assign(key=rows).drop_duplicates("key")
    axes.set_yticks(range(len(places)), [_label(row["title"], row["view"]) for _, row in labels.iterrows()])
    axes.set_ylim(len(places) - 0.5, -0.5)
    upright = max(map(len, contrasts)) * len(contrasts) > MANY * MANY
    axes.set_xticks(
        range(len(contrasts)), [_short(name) for name in contrasts], rotation=90 if upright else 0
    )
    axes.set_xlim(-0.6, len(contrasts) - 0.4)
    axes.set_xlabel("Factor" if all(map(_is_factor, contrasts)) else "Factor or group")
    axes.grid(color=GRID, linewidth=0.7, zorder=0)
    axes.tick_params(length=0)
    _legend(axes)


def _legend(axes: Axes) -> None:
    for mark, colour, word in MARKS.values():
        axes.scatter([], [], s=70, marker=mark, color=colour, label=word)
    for q in (0.05, 0.001):
        size = _areas(np.array([q]))
        axes.scatter([], [], s=size, marker="^", facecolors="none", edgecolors=INK, label=f"q {q:g}")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, handletextpad=0.1, columnspacing=0.8)


def _areas(q: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Area of the mark of each q, in square points."""
    area: np.ndarray[tuple[int], np.dtype[np.float64]] = 6.0 - 30.0 * np.log10(np.clip(q, SMALLEST_Q, 1.0))
    return area


def _verdict(result: SetAnalysis) -> str:
    tests, found = result.tests, result.found
    sets, views = len(tests.drop_duplicates(["view", "collection", "set"])), tests["view"].nunique()
    size = (
        f"{len(tests):,} tests ({sets:,} sets in {views} view{'s' * (views > 1)}, {tests['contrast'].nunique()} "
        "factors or groups)"
    )
    if len(found):
        return f"{len(found):,} of {size} have q below {DISCOVERY:g}."
    return f"None of {size} has q below {DISCOVERY:g}; the smallest q is {tests['q'].min():.2g}."


def _panel(result: SetAnalysis) -> Panel:
    shown = strongest_sets(result.tests, min(SHOWN, len(result.found)))
    figure = new_figure(*sets_size(shown))
    draw_sets(figure.add_subplot(), shown)
    sets = len(shown.drop_duplicates(["view", "collection", "set"]))
    sentence = (
        f"The {sets} sets with the smallest p. A triangle that points up: the features of the set rise with the "
        "factor, or are higher in the group, more than other features; down: they fall. The larger the triangle, the "
        f"smaller q; it is filled where q is below {DISCOVERY:g}."
    )
    return Panel("sets-dots", "Sets of features by factor", figure, sentence, _table(shown))


def _table(tests: pd.DataFrame) -> pd.DataFrame:
    columns = {
        "factor or group": tests["contrast"].map(_spaced),
        "set": tests["title"],
        "view": tests["view"],
        "direction": tests["direction"],
        "features": tests["n"],
        "correlation": tests["correlation"].map("{:.2f}".format),
        "p": tests["p"].map(p_cell),
        "q": tests["q"].map(p_cell),
        "strongest features": tests["leading"],
    }
    return pd.DataFrame(columns)


def _activity(run: RunDirectory, activity: pd.DataFrame) -> Details:
    """Correlation of each factor with the activity of pathways, without tests: the genes of both are the same."""
    factors = run.factor_scores
    assert factors is not None
    names = list(map(str, factors.columns))
    both = activity.index.intersection(factors.index)
    scores, levels = factors.loc[both, names].to_numpy(), activity.loc[both].to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):  # a factor or an activity may be constant
        correlation = np.corrcoef(scores, levels, rowvar=False)[: len(names), len(names) :]
    rows = {
        _spaced(name): ["" if np.isnan(one) else f"{one:+.2f}" for one in row]
        for name, row in zip(names, correlation, strict=True)
    }
    table = pd.DataFrame(rows, index=activity.columns).rename_axis("pathway").reset_index()
    caption = (
        f"Correlation of factors with pathway activity by PROGENy, in {len(both)} patients; descriptive, without "
        "test"
    )
    return Details("Show the activity of signalling pathways", [Table("pathway-activity", caption, table)])


def _sentence(name: str, part: pd.DataFrame) -> str:
    group = not _is_factor(name) and name != PANEL_SCORE
    words = ("has higher", "has lower") if group else ("rises with", "falls with")
    phrases = [
        f"{word} {_names(part[part['direction'] == direction])}"
        for word, direction in zip(words, MARKS, strict=True)
        if (part["direction"] == direction).any()
    ]
    subject = f"The {name}" if name == PANEL_SCORE else name if group else _spaced(name).capitalize()
    return f"{subject} {' and '.join(phrases)}."


def _names(rows: pd.DataFrame) -> str:
    names = [f"{row['title']} ({row['view']})" for _, row in rows.head(NAMED).iterrows()]
    more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return f"{', '.join(names)}{more}"


def _label(title: str, view: str) -> str:
    room = LETTERS - len(view)
    return f"{title if len(title) <= room else title[: room - 1].rstrip() + '…'}, {view}"


def _is_factor(name: str) -> bool:
    return name.removeprefix("factor").isdigit()


def _order(name: str) -> tuple[bool, int, str]:
    """Factors by number, then groups by name."""
    return (False, int(name.removeprefix("factor")), "") if _is_factor(name) else (True, 0, name)


def _short(name: str) -> str:
    return name.removeprefix("factor") if _is_factor(name) else name


def _spaced(name: str) -> str:
    return f"factor {name.removeprefix('factor')}" if _is_factor(name) else name
