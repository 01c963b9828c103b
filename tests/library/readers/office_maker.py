"""Small office packages from XML, as no library would write them."""

import re
import zipfile
from pathlib import Path

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
USUAL = r"http://schemas\.openxmlformats\.org/(wordprocessingml|officeDocument|spreadsheetml)/2006/"
NAMES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "r": OFFICE,
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "v": "urn:schemas-microsoft-com:vml",
}
_DECLARED = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in NAMES.items())
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def package(
    path: Path, parts: dict[str, str], main: str, relations: dict[str, str], kind: str = WORD, strict: bool = False
) -> Path:
    """Write `parts`; relations: kind to target, of the main part."""
    folder, name = main.rsplit("/", 1)
    listed = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/{relation}" Target="{target}"/>'
        for n, (relation, target) in enumerate(relations.items(), 1)
    )
    files = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default '
        'Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxml'
        f'formats-package.relationships+xml"/><Override PartName="/{main}" ContentType="{kind}"/></Types>',
        "_rels/.rels": _relations(f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="{main}"/>'),
        f"{folder}/_rels/{name}.rels": _relations(listed),
        **parts,
    }
    with zipfile.ZipFile(path, "w") as archive:
        for entry, text in files.items():
            archive.writestr(entry, re.sub(USUAL, r"http://purl.oclc.org/ooxml/\1/", text) if strict else text)
    return path


def _relations(inside: str) -> str:
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inside}</Relationships>'
    )


def word(path: Path, body: str, kind: str = WORD, strict: bool = False, null: bool = False, **parts: str) -> Path:
    """A document with this body; parts: name (numbering, styles, footnotes, chart) to what is in its root."""
    roots = {"chart": "c:chartSpace", "header": "w:hdr", "footer": "w:ftr"}
    files = {"word/document.xml": f"<w:document {_DECLARED}><w:body>{body}</w:body></w:document>"}
    for name, inside in parts.items():
        root = roots.get(name, f"w:{name}")
        files[f"word/{name}.xml"] = f"<{root} {_DECLARED}>{inside}</{root}>"
    relations = {name: f"{name}.xml" for name in parts}
    if null:
        relations["image"] = "NULL"
    return package(path, files, "word/document.xml", relations, kind, strict)


def p(inside: str, properties: str = "") -> str:
    """A paragraph of Word."""
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{inside}</w:p>"


def run(text: str, properties: str = "") -> str:
    """A run of text of Word."""
    return f'<w:r>{f"<w:rPr>{properties}</w:rPr>" if properties else ""}<w:t xml:space="preserve">{text}</w:t></w:r>'
