"""Formulas on one line: MathML of pages, the mathematics of Office documents, TeX."""

import re
from typing import Any

from .office import local, value

_GROUP = re.compile(r"([\^_])\{([^{}]{1,2})\}")
_FRACTION = re.compile(r"\\[dt]?frac\s*(?:\{([\w.]{1,8})\}\s*\{([\w.]{1,8})\}|(\d)\s*(\d))")
_WRAPPED = re.compile(r"\{\s*\\(?:display|text|script)style\s+(.*)\}", re.DOTALL)
_SIMPLE = re.compile(r"[\w.⁰-₎√]+")
_SIDES = (
    dict.fromkeys(("mfrac", "f"), "/")
    | dict.fromkeys(("msup", "sSup", "mover", "limUpp"), "^")
    | dict.fromkeys(("msub", "sSub", "munder", "limLow"), "_")
)
"""Elements of two parts, and the sign between them."""
_UNSEEN = {0x2061: " ", 0x2062: None, 0x2063: ", ", 0x2064: None}
"""Signs that are in formulas and not seen: application of a function, product, separator."""
_PROPERTIES = re.compile(r"(?:\w+Pr|annotation|annotation-xml|rPr|instrText)")


def tex_formula(tex: str) -> str:
    """TeX with what is simple in it written plainly: `10^6`, `1/4`."""
    tex = " ".join(tex.split()).strip("$ ")
    if wrapped := _WRAPPED.fullmatch(tex):
        tex = wrapped[1]
    tex = _GROUP.sub(r"\1\2", _FRACTION.sub(lambda match: "/".join(filter(None, match.groups())), tex))
    return tex.replace(r"\,", " ").replace(r"\times", "×").replace(r"\cdot", "·").strip()


def formula(element: Any) -> str:
    """A formula of MathML (its TeX where it carries it) or of an Office document (`m:oMath`), on one line."""
    for child in element.iter("{*}annotation"):
        if "tex" in (child.get("encoding") or "").lower() and (child.text or "").strip():
            return tex_formula(str(child.text))
    if tex := element.get("alttext"):
        return tex_formula(tex)
    text = _linear(element).translate(_UNSEEN).replace("^∘", "°")
    return " ".join(text.split())


def _linear(element: Any) -> str:
    name = local(element)
    if not isinstance(element.tag, str) or _PROPERTIES.fullmatch(name):
        return ""
    parts = [part for child in element if (part := _linear(child)) or local(child) in ("e", "deg")]
    if not parts:
        return str(element.text or "").strip("\n")
    if (sign := _SIDES.get(name)) and len(parts) == 2:
        return _grouped(parts[0]) + sign + _grouped(parts[1])
    if name in ("msubsup", "sSubSup", "munderover") and len(parts) == 3:
        return f"{_grouped(parts[0])}_{_grouped(parts[1])}^{_grouped(parts[2])}"
    if name == "msqrt":
        return f"√{_grouped(' '.join(parts))}"
    if name in ("mroot", "rad"):
        radicand, degree = (parts[0], parts[1]) if name == "mroot" else (parts[-1], "".join(parts[:-1]))
        return f"{_grouped(degree) + '√' if degree.strip() else '√'}{_grouped(radicand)}"
    if name == "nary":
        return _sum(element, parts)
    if name in ("d", "mfenced"):
        return _fenced(element, name, parts)
    if name in ("mtr", "mr"):
        return ", ".join(parts)
    if name in ("mtable", "m", "eqArr"):
        return "; ".join(parts)
    return "".join(parts)


def _sum(element: Any, parts: list[str]) -> str:
    """A sum, product or integral of an Office document with its limits."""
    sign = _property(element, "chr", "∫")
    limits = [(mark, _linear(part)) for mark, tag in (("_", "sub"), ("^", "sup")) for part in element.iter("{*}" + tag)]
    return sign + "".join(f"{mark}{_grouped(text)}" for mark, text in limits[:2] if text) + " " + parts[-1]


def _fenced(element: Any, name: str, parts: list[str]) -> str:
    if name == "mfenced":
        return f"{element.get('open', '(')}{', '.join(parts)}{element.get('close', ')')}"
    return _property(element, "begChr", "(") + ", ".join(parts) + _property(element, "endChr", ")")


def _property(element: Any, name: str, default: str) -> str:
    """A property of an element of an Office formula."""
    found = value(element, f"*/{name}")
    return default if found is None else found


def _grouped(text: str) -> str:
    """`text`, in brackets where it is more than one thing."""
    text = text.strip()
    return text if _SIMPLE.fullmatch(text) or len(text) < 2 else f"({text})"
