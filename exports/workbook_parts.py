"""The parts of an XLSX package that say where everything is and how cells look.

Numbers in brackets are sections of ECMA-376 part 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_NUMBER = 'horizontal="right" indent="1" vertical="top"'
_TEXT = 'horizontal="left" vertical="top"'

# One a cell format, in the order of exports/cells.py: number format, font, fill, border, alignment.
# 49 is "@", 1 is "0", 164 and up are our own (18.8.30).
_FORMATS = (
    (0, 0, 0, 0, _NUMBER),
    (49, 0, 0, 0, _TEXT),
    (1, 0, 0, 0, _NUMBER),
    (164, 0, 0, 0, _TEXT),
    (165, 0, 0, 0, _TEXT),
    (166, 0, 0, 0, _NUMBER),
    (49, 0, 0, 0, f'{_TEXT} wrapText="1"'),
    (49, 1, 2, 1, 'horizontal="left" vertical="center" wrapText="1"'),
)

# Microsoft YaHei is on every Windows in Chinese, and draws Latin letters well.
_FONTS = {"zh": "Microsoft YaHei"}


def styles(language: str) -> bytes:
    """Return xl/styles.xml (18.8)."""
    font = f'<sz val="11"/><name val="{_FONTS.get(language, "Calibri")}"/>'
    formats = "".join(
        f'<xf numFmtId="{number}" fontId="{font_id}" fillId="{fill}" borderId="{border}" xfId="0"'
        ' applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1">'
        f"<alignment {alignment}/></xf>"
        for number, font_id, fill, border, alignment in _FORMATS
    )
    return (
        f'{XML}<styleSheet xmlns="{MAIN}"><numFmts count="3">'
        '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
        '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/>'
        '<numFmt numFmtId="166" formatCode="0.0%"/></numFmts>'
        f'<fonts count="2"><font>{font}</font><font><b/>{font}</font></fonts>'
        '<fills count="3"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill>'
        '<fill><patternFill patternType="solid"><fgColor rgb="FFE8EEF2"/></patternFill></fill>'
        "</fills>"
        '<borders count="2"><border/><border><left/><right/><top/>'
        '<bottom style="thin"><color rgb="FF5F7380"/></bottom><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
        f'</cellStyleXfs><cellXfs count="{len(_FORMATS)}">{formats}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
        "</styleSheet>"
    ).encode()


def content_types(sheets: int) -> bytes:
    """Return [Content_Types].xml (part 2, 10.1)."""
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml"'
        f' ContentType="{_SPREADSHEET}.worksheet+xml"/>'
        for number in range(1, sheets + 1)
    )
    return (
        f'{XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SPREADSHEET}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_SPREADSHEET}.styles+xml"/>'
        f"{overrides}</Types>"
    ).encode()


def package_relations() -> bytes:
    """Return _rels/.rels."""
    return (
        f'{XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
        f' Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ).encode()


def workbook_relations(sheets: int) -> bytes:
    """Return xl/_rels/workbook.xml.rels: sheets are rId1, rId2, …; the styles come last."""
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{RELATIONS}/worksheet"'
        f' Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, sheets + 1)
    )
    return (
        f'{XML}<Relationships xmlns="{_PACKAGE}/relationships">{relations}'
        f'<Relationship Id="rId{sheets + 1}" Type="{RELATIONS}/styles" Target="styles.xml"/>'
        "</Relationships>"
    ).encode()


def workbook(names: Sequence[str], filters: Sequence[str | None]) -> bytes:
    """Return xl/workbook.xml (18.2).

    `filters` are the filtered ranges ("$A$1:$C$9") by sheet, None for a sheet without; the head
    row of those is repeated on every printed page.
    """
    sheets, defined = [], []
    for position, (name, filtered) in enumerate(zip(names, filters, strict=True)):
        number = position + 1
        sheets.append(f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>')
        if filtered:
            quoted = escape("'" + name.replace("'", "''") + "'")
            local = f'localSheetId="{position}"'
            defined.append(
                f'<definedName name="_xlnm._FilterDatabase" {local} hidden="1">'
                f"{quoted}!{filtered}</definedName>"
                f'<definedName name="_xlnm.Print_Titles" {local}>{quoted}!$1:$1</definedName>'
            )
    names_xml = f"<definedNames>{''.join(defined)}</definedNames>" if defined else ""
    return (
        f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">'
        f"<bookViews><workbookView/></bookViews><sheets>{''.join(sheets)}</sheets>{names_xml}</workbook>"
    ).encode()
