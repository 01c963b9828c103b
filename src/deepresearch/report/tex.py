"""TeX: formulas, as MathML for pages and checked against a list of harmless commands; and text that TeX only shows."""

import re
from functools import lru_cache
from xml.etree import ElementTree

from ..text.characters import clean
from .markup import safe_url

LONGEST, DEEPEST = 2000, 30
"""Characters of a formula, and braces within braces."""
_MATHML = "http://www.w3.org/1998/Math/MathML"
_COMMAND = re.compile(r"\\([A-Za-z]+|.)", re.DOTALL)
_COMMANDS = frozenset(
    """alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi varpi rho varrho
    sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
    frac dfrac tfrac sqrt sum prod int iint iiint oint lim limsup liminf max min sup inf arg argmax argmin det dim ker
    exp log ln lg sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh Pr gcd deg hom mod bmod pmod
    cdot cdots ldots dots vdots ddots times div pm mp ast star circ bullet oplus otimes odot cup cap setminus
    le leq ge geq ne neq ll gg approx equiv sim simeq cong propto doteq prec succ subset supset subseteq supseteq
    in ni notin forall exists nexists neg lnot land lor wedge vee to gets mapsto rightarrow leftarrow leftrightarrow
    Rightarrow Leftarrow Leftrightarrow implies iff uparrow downarrow longrightarrow infty partial nabla emptyset
    varnothing hbar ell Re Im aleph angle perp parallel mid nmid top bot vdash models therefore because prime
    hat bar vec tilde dot ddot widehat widetilde overline underline overbrace underbrace overset underset stackrel
    left right big Big bigg Bigg bigl bigr Bigl Bigr langle rangle lfloor rfloor lceil rceil lvert rvert lVert rVert
    vert Vert mathbf mathrm mathit mathsf mathtt mathcal mathbb mathfrak boldsymbol text textbf textit textrm
    operatorname binom dbinom tbinom quad qquad begin end not limits nolimits displaystyle textstyle""".split()
)
_SIGNS = frozenset("{}$%&#_,;:!|\\ ()[]")
_ENVIRONMENTS = frozenset("matrix pmatrix bmatrix vmatrix Vmatrix cases aligned gathered array smallmatrix".split())
_ROWS = {
    **dict.fromkeys(("align", "align*", "aligned", "split", "eqnarray", "eqnarray*"), "aligned"),
    **dict.fromkeys(("gather", "gather*", "gathered", "multline", "multline*"), "gathered"),
    **dict.fromkeys(("equation", "equation*", "displaymath"), ""),
}
"""Environments that are a whole formula, by what takes their place within one."""
_MATHML_NAMES = {"aligned": "split", "gathered": "matrix"}
"""Names by which latex2mathml knows them as rows."""
_NUMBERING = re.compile(r"\\(?:nonumber|notag)\b|\\(?:label|tag)\*?\{[^{}]*\}")
_ODD = re.compile(r"\^\^|(?<!\\)[%#$]")
"""What TeX reads as another character, a remark, a parameter, the end of the formula."""
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{\s*([^}]*?)\s*\}")

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "`": r"\textasciigrave{}",
    "'": "'{}",  # two of them would become one sign, and so with hyphens
    "-": "-{}",
}
_ESCAPED = re.compile(r"[\\{}$&%#_^~<>`]|'(?=')|-(?=-)")


@lru_cache(maxsize=512)
def mathml(tex: str, display: bool = False) -> str | None:
    """`tex` as a <math> element without active content; None where it cannot be read, or without latex2mathml."""
    tex = canonical(tex)
    if not is_harmless(tex):
        return None
    try:
        from latex2mathml.converter import convert_to_element  # noqa: PLC0415
    except ImportError:
        return None
    try:
        root = convert_to_element(_renamed(tex, _MATHML_NAMES), display="block" if display else "inline")
    except Exception:  # latex2mathml raises errors of many kinds; the text is shown instead
        return None
    return _serialise(root)


def canonical(tex: str) -> str:
    """`tex`, cleaned, with environments that may be part of a formula, and without numbering."""
    return _renamed(_NUMBERING.sub("", clean(tex)), _ROWS).strip()


def rows(tex: str) -> list[str]:
    """A formula for formats that show its source: one text, or one for each of its rows."""
    found = canonical(tex)
    if not {"aligned", "gathered", "cases"}.issuperset(name for _, name in _ENVIRONMENT.findall(found)):
        return [" ".join(found.split())]
    lines = re.split(r"\\\\(?:\[[^\]]*\])?", _ENVIRONMENT.sub(" ", found))
    return [row for line in lines if (row := " ".join(line.replace("&", " ").split()))]


def _renamed(tex: str, names: dict[str, str]) -> str:
    def rename(match: re.Match[str]) -> str:
        name = names.get(match[2], match[2])
        return f"\\{match[1]}{{{name}}}" if name else ""

    return _ENVIRONMENT.sub(rename, tex)


def is_harmless(tex: str) -> bool:
    """Whether every command of `tex` is one of mathematics, its braces match, and it is neither long nor deep."""
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", tex.replace("\\\\", "")):
        depth += 1 if brace == "{" else -1
        if not 0 <= depth <= DEEPEST:
            return False
    known = all(name in _COMMANDS or name in _SIGNS for name in _COMMAND.findall(tex))
    environments = all(name in _ENVIRONMENTS for _, name in _ENVIRONMENT.findall(tex))
    plain = len(tex) <= LONGEST and not _ODD.search(tex) and tex.count("\\begin") == tex.count("\\end")
    return depth == 0 and plain and known and environments


def _serialise(root: ElementTree.Element) -> str:
    for element in root.iter():
        if element.text:
            element.text = re.sub(r"&#x([0-9A-Fa-f]{1,5});", lambda m: chr(int(m[1], 16)), element.text)
    root.set("xmlns", _MATHML)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)


def escape(text: str) -> str:
    """`text`, cleaned, with every character that TeX would act on written as the sign it is."""
    return _ESCAPED.sub(lambda match: _ESCAPES[match.group()], " ".join(clean(text).split()))


def address(url: str) -> str:
    """An address within \\href: whatever TeX would act on is written in hexadecimal or with a backslash."""
    plain = safe_url(url) or ("mailto:" + re.sub(r"[^\w.@+-]", "", url[7:]) if url.startswith("mailto:") else "")
    coded = re.sub(r"[\\{}^`\"<>|~$]", lambda match: f"%{ord(match.group()):02X}", plain)
    return re.sub(r"[%#&_]", r"\\\g<0>", coded)
