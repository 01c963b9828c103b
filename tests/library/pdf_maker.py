"""Small PDF files, written by hand."""

from collections.abc import Sequence

Line = tuple[float, float, float, str]
"""x, y, size, text."""
Field = tuple[str, str, str, tuple[int, int, int, int]]
"""Tx (text), Ch (choice) or Btn (box); name, value, left, bottom, right and top."""


def make_pdf(
    pages: Sequence[Sequence[Line]], title: str = "", encrypted: bool = False, fields: Sequence[Field] = ()
) -> bytes:
    """A sound PDF with these lines of Helvetica; `encrypted` asks for a password that nobody has.

    fields: of a form, on the first page; of a box the value is Yes or Off.
    """
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{' '.join(f'{5 + 2 * n} 0 R' for n in range(len(pages)))}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Title ({title}) /CreationDate (D:20240305120000Z) >>",
    ]
    for number, lines in enumerate(pages):
        shown = "\n".join(f"BT /F1 {size} Tf {x} {y} Td ({_escaped(text)}) Tj ET" for x, y, size, text in lines)
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {6 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(shown)} >>\nstream\n{shown}\nendstream")
    first = len(objects) + 1
    for kind, name, value, box in fields:
        state = f"/V /{value} /AS /{value}" if kind == "Btn" else f"/V ({value})"
        objects.append(
            f"<< /Type /Annot /Subtype /Widget /FT /{kind} /T ({name}) {state} /F 4 /DA (/F1 10 Tf) "
            f"/Rect [{' '.join(map(str, box))}] >>"
        )
    if fields:
        numbers = " ".join(f"{first + place} 0 R" for place in range(len(fields)))
        objects[0] = f"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [{numbers}] >> >>"
        objects[4] = objects[4].removesuffix(">>") + f"/Annots [{numbers}] >>"
    guard = ""
    if encrypted:
        objects.append(f"<< /Filter /Standard /V 1 /R 2 /O <{'ab' * 32}> /U <{'cd' * 32}> /P -4 >>")
        guard = f"/Encrypt {len(objects)} 0 R /ID [<{'00' * 16}> <{'00' * 16}>] "
    text = "%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(text))
        text += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return (
        f"{text}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 4 0 R {guard}>>\nstartxref\n{len(text)}\n%%EOF\n"
    ).encode("latin-1")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
