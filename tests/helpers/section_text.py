"""Text and figures of a section of the report, drawn on the way."""

from __future__ import annotations

from stratomics.report.figures.style import style, svg
from stratomics.report.section import Details, Panel, Section, Table


def section_text(section: Section | None) -> str:
    """All text of a section, tables included; every figure is drawn."""
    assert section is not None
    texts: list[str] = []
    with style():
        for block in section.blocks:
            if isinstance(block, Panel):
                assert svg(block.figure).endswith("</svg>\n")
                assert len(block.table)
                texts.append(block.sentence)
            elif isinstance(block, Table):
                texts.append(block.caption + block.table.to_csv())
            elif isinstance(block, Details):
                texts.append(block.summary + section_text(Section("", "", block.blocks)))
            else:
                texts.append(block if isinstance(block, str) else "\n".join(block))
    return "\n".join(texts)


def panels_and_text(section: Section | None) -> tuple[dict[str, Panel], str]:
    """Panels by id, and all sentences; every figure can be drawn, and names from files are not tags."""
    assert section is not None
    panels = {block.id: block for block in section.blocks if isinstance(block, Panel)}
    with style():
        pictures = [svg(panel.figure) for panel in panels.values()]
    assert all(picture.startswith("<svg") and "<b>" not in picture for picture in pictures)
    paragraphs = [block for block in section.blocks if isinstance(block, str)]
    text = " ".join([*paragraphs, *(panel.sentence for panel in panels.values())])
    assert "nan" not in text.lower()
    assert "None" not in text
    return panels, text
