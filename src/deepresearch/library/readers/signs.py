"""Signs that plain text has no place for: raised and lowered text, the letters of symbol fonts; numbers of lists."""

import re

RAISED = str.maketrans("0123456789+-−=()in", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁱⁿ")
LOWERED = str.maketrans("0123456789+-−=()aehklmnopstxijruv", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕₖₗₘₙₒₚₛₜₓᵢⱼᵣᵤᵥ")
LONGEST = 30
"""Characters of raised or lowered text; what is longer is running text in small print."""
_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|re|ère|e|eme|ème|o|a|os|as|do|da|TM|SM)\.?", re.IGNORECASE)
_NOTE = re.compile(r"\[.{1,12}\]|[*†‡§¶#]{1,4}")
_NOTED = re.compile(r"[.,;:!?…)\]”’\"'。，；：！？）」』》]$|[A-Za-z]{5,}$|[\u3400-\u9fff]$")
"""What a raised number belongs to as the mark of a note: a sentence, a clause, a longer word, Chinese."""
_UNITS = re.compile(r"(?:met(?:er|re)|mile|inche?|yard|second)s?$|[米里尺厘]$", re.IGNORECASE)
_ROMAN = {"m": 1000, "cm": 900, "d": 500, "cd": 400, "c": 100, "xc": 90, "l": 50, "xl": 40, "x": 10, "ix": 9} | {
    "v": 5,
    "iv": 4,
    "i": 1,
}
_SYMBOL = (
    " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"
    + "\0" * 33
    + "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪\0〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭"
)
"""The font Symbol from its code 0x20 on."""
_WINGDINGS = {
    **dict(zip(range(0x80, 0x8B), "⓪①②③④⑤⑥⑦⑧⑨⑩", strict=True)),
    **dict(zip(range(0x8B, 0x96), "⓿❶❷❸❹❺❻❼❽❾❿", strict=True)),
    **{0x22: "✂", 0x28: "☎", 0x29: "✆", 0x2A: "✉", 0x3E: "✇", 0x3F: "✍", 0x41: "✌", 0x45: "☜", 0x46: "☞", 0x47: "☝"},
    **{0x48: "☟", 0x4A: "☺", 0x4B: "😐", 0x4C: "☹", 0x4D: "💣", 0x4E: "☠", 0x52: "☼", 0x54: "❄", 0x55: "✞", 0x58: "✠"},
    **{0x59: "✡", 0x5A: "☪", 0x5B: "☯", 0x6C: "●", 0x6D: "❍", 0x6E: "■", 0x6F: "□", 0x70: "❐", 0x71: "❑", 0x72: "❒"},
    **{0x73: "⬧", 0x74: "⧫", 0x75: "◆", 0x76: "❖", 0x77: "⬥", 0x78: "⌧", 0x79: "⍓", 0x7A: "⌘", 0x7B: "❀", 0x7C: "✿"},
    **{0x7D: "❝", 0x7E: "❞", 0x9E: "·", 0x9F: "•", 0xA1: "○", 0xA2: "⭕", 0xA4: "◉", 0xA5: "◎", 0xA7: "▪", 0xA8: "☐"},
    **{0xAA: "✦", 0xAB: "★", 0xAC: "✶", 0xAD: "✴", 0xAE: "✹", 0xAF: "✵", 0xB1: "⌖", 0xB3: "⌑", 0xB5: "✪", 0xB6: "✰"},
    **{0xD5: "⌫", 0xD6: "⌦", 0xD8: "➢", 0xDC: "➲", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xE3: "↖", 0xE4: "↗"},
    **{0xE5: "↙", 0xE6: "↘", 0xE7: "←", 0xE8: "➔", 0xE9: "↑", 0xEA: "↓", 0xEF: "⇦", 0xF0: "⇨", 0xF1: "⇧", 0xF2: "⇩"},
    **{0xF3: "⬄", 0xF4: "⇳", 0xF8: "▭", 0xF9: "▫", 0xFA: "▫", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑"},
}
_WINGDINGS_2 = {0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0x98: "●", 0xA2: "■", 0xA3: "☐"}
_WEBDINGS = {0x34: "▶", 0x61: "✓", 0x63: "☐", 0x67: "■", 0x6E: "●", 0x72: "✗", 0xD6: "☎"}
_FONTS = {
    "symbol": {0x20 + place: sign for place, sign in enumerate(_SYMBOL) if sign != "\0"},
    "wingdings": _WINGDINGS,
    "wingdings 2": _WINGDINGS_2,
    "webdings": _WEBDINGS,
}
_NAMED = frozenset([*_FONTS, "wingdings 3", "zapfdingbats", "mt extra", "marlett"])


def raised(text: str, before: str = "", note: bool = False) -> str:
    """How raised `text` behind `before` is written: 10⁶, 2^(n+x), 21st; the mark of a note as [12]."""
    text = " ".join(text.split())
    if note or _NOTE.fullmatch(text):
        return f"[{text.strip('[]()')}]" if text else ""
    if text.isdigit() and _NOTED.search(before) and not _UNITS.search(before):
        return f"[{text}]"
    if before[-1:].isalnum() and _ORDINAL.fullmatch(text):
        return text
    return _moved(text, RAISED, "^")


def lowered(text: str) -> str:
    """How lowered text is written: CO₂, T_max."""
    return _moved(" ".join(text.split()), LOWERED, "_")


def _moved(text: str, table: dict[int, int], mark: str) -> str:
    if not text or len(text) > LONGEST:
        return f" {text} " if text else ""
    if all(ord(character) in table for character in text) and not (text.isalpha() and len(text) > 1):
        return text.translate(table)
    return f"{mark}{text}" if text.isalnum() else f"{mark}({text})"


def is_symbol_font(font: str | None) -> bool:
    """Whether the letters of the font are signs."""
    return (font or "").strip("\"' ").lower() in _NAMED


def symbols(text: str, font: str | None) -> str:
    """`text` in a symbol font as the signs that it shows; a sign that is not known leaves a mark."""
    name = (font or "").strip("\"' ").lower()
    return "".join(_sign(ord(character), name) for character in text)


def _sign(code: int, font: str) -> str:
    if chr(code).isspace() or not (0x20 <= code <= 0xFF or 0xF020 <= code <= 0xF0FF):
        return chr(code)
    return _FONTS.get(font, {}).get(code & 0xFF) or f"[sign {code & 0xFF:02X} of the font {font or 'unknown'}]"


def number_text(number: int, style: str) -> str:
    """A number as a list of this style shows it: 1, a, A, i or I."""
    if style in "aA" and number > 0:
        letters = ""
        while number:
            number, rest = divmod(number - 1, 26)
            letters = chr(ord("a") + rest) + letters
        return letters.upper() if style == "A" else letters
    if style in "iI" and 0 < number < 4000:
        roman = ""
        for sign, value in _ROMAN.items():
            roman += sign * (number // value)
            number %= value
        return roman.upper() if style == "I" else roman
    return str(number)
