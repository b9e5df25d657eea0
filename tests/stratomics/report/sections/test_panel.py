"""The section on panels: only after `stratomics panel`, with the numbers of the curve."""

from __future__ import annotations

import shutil
from pathlib import Path

from stratomics.report.figures.style import style
from stratomics.report.page import write_report
from stratomics.report.section import Panel, Section, Table
from stratomics.report.sections.panel import panel
from stratomics.report.text.panel import panel_sentences
from stratomics.runs.run_directory import RunDirectory
from stratomics.strata.panel.assay.noise import NoiseEffect
from stratomics.strata.panel.curve import NULL, CurvePoint, PanelCurve
from stratomics.strata.panel.details import CURVE, PanelAnalyte, PanelDetails, save_curve
from stratomics.strata.panel.false_selections import StabilitySettings

LOSS = {"estimate": 0.5, "low": 0.4, "high": 0.6}


def curve(reason: str | None = None) -> PanelCurve:
    metrics = {"log_loss": LOSS, "auroc": LOSS, "calibration_slope": LOSS}
    difference = {"estimate": -0.1, "low": -0.2, "high": -0.05}
    points = tuple(
        CurvePoint(number, metrics, {NULL: difference, "clinical_logistic": LOSS}, {"estimate": 0.7}, 3.0)
        for number in (1, 2)
    )
    references = {NULL: {"log_loss": LOSS, "auroc": LOSS}, "clinical_logistic": metrics}
    return PanelCurve("response", "response", points, references, 2, reason)


def details(noise: bool = True) -> PanelDetails:
    effect = NoiseEffect(1.0, 0.3, 0.09, 0.01, 0.0928, 0.91, 0.92, (0.2, 0.1), (0.0, 0.4))
    analytes = (
        PanelAnalyte("rna", "<b>TP53</b>", 0.5, 1.0, 0.9, ("rna: a", "rna: b", "rna: c", "rna: d")),
        PanelAnalyte("lab", "CRP", -0.2, 0.4, 0.3, ()),
    )
    stability = StabilitySettings(9, 0.75, 0.98, "r-concave")
    return PanelDetails(
        "linear", "path", analytes, 40.0, 9, stability, 0.4, 0.5, "a" * 64, effect if noise else None
    )


def section_of(run: Path, stored: PanelCurve, locked: PanelDetails | None) -> Section:
    save_curve(run / CURVE, stored, locked)
    with style():
        section = panel(RunDirectory(run))
    assert section is not None
    return section


def test_a_run_without_a_panel_has_no_section(tmp_path: Path) -> None:
    assert panel(RunDirectory(tmp_path)) is None


def test_figure_tables_and_sentences(tmp_path: Path) -> None:
    section = section_of(tmp_path, curve(), details())
    (figure,) = (block for block in section.blocks if isinstance(block, Panel))
    assert figure.table["analytes"].tolist() == [1, 2]
    assert "With 2 analytes (vertical line)" in figure.sentence
    sizes, analytes = (block.table for block in section.blocks if isinstance(block, Table))
    assert sizes["analytes"].tolist() == ["1", "2", "prevalence", "clinical logistic"]
    assert analytes["exchangeable with"].tolist() == ["rna: a, rna: b, rna: c and 1 more", ""]
    assert analytes["below detection"].tolist() == ["0.0%", "40.0%"]


def test_what_is_said_of_a_locked_panel() -> None:
    text = " ".join(panel_sentences(curve(), details()))
    assert "A panel is recommended: the smallest number whose log loss is within one standard error" in text
    assert "Log loss of 2 analytes minus that of prevalence: -0.100 (-0.200 to -0.050)." in text
    assert "2 analytes are many for 9 events" in text
    assert "1 of 2 were selected in fewer than three quarters of outer folds" in text.replace(
        "the outer", "outer"
    )
    assert "9.0% (SE 1.0%)" in text
    assert "sensitivity of 0.910 and a specificity of 0.920" in text
    assert "at most 20.0% of the patients change sides (rna: <b>TP53</b>)" in text


def test_no_panel_is_said_first() -> None:
    first, *_, last = panel_sentences(curve("its loss is not clearly lower than that of prevalence"), None)
    assert first.startswith("No panel: ")
    assert last == "Nothing is locked."


def test_the_page_has_the_section_and_escapes_names(response_run: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(response_run, tmp_path / "run"))
    save_curve(run / CURVE, curve(), details(noise=False))
    page = write_report(RunDirectory(run)).read_text()
    assert 'id="panel"' in page
    assert "<b>TP53</b>" not in page
    assert "&lt;b&gt;TP53&lt;/b&gt;" in page
