"""The policy's Markdown as an HTML fragment that holds nothing active: no HTML of its own, no images, safe links."""

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from ..text.markdown import new_parser
from .charts import draw, is_chart
from .formulas import mathml
from .labels import Labels
from .markup import PLACEHOLDERS, clean, inline_text, safe_url
from .syntax import add_syntax

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

EXTERNAL = 'target="_blank" rel="noopener noreferrer"'
_NOT_SLUG = re.compile(r"[^\w\- ]+")
_URL_END = re.compile(r"[，。；：、！？）》」』】”’]")
"""Where a bare address ends in Chinese text, which sets no space after it."""
_BOXES = {
    "agree": re.compile(r"(?:sources )?agree[.:]?|(?:各?来源)?一致[。：:]?", re.IGNORECASE),
    "differ": re.compile(r"(?:sources )?(?:differ|disagree)[.:]?|(?:各?来源)?(?:不一致|分歧)[。：:]?", re.IGNORECASE),
}
"""How a statement opens, in bold, that compares sources."""


@dataclass(frozen=True)
class Heading:
    level: int
    """2 to 6; the page's title is the only 1."""
    id: str
    text: str


@dataclass(frozen=True)
class Prose:
    html: str
    headings: tuple[Heading, ...]
    shown: tuple[int, ...]
    """Indexes of the marks that stand in the text, in order."""


def render(text: str, mark: Callable[[int], str], labels: Labels) -> Prose:
    """`text` (Markdown with placeholders) as HTML; `mark` gives the HTML of the n-th citation mark."""
    environment: dict[str, Any] = {"mark": mark, "labels": labels, "headings": [], "shown": []}
    html = PLACEHOLDERS.sub("", _renderer().render(text, environment))  # what stood in code or in an address
    return Prose(html, tuple(environment["headings"]), tuple(environment["shown"]))


def tokens_of(text: str, labels: Labels) -> "list[Token]":
    """The block tokens that `render` writes from, for other formats."""
    return _renderer().parse(text, {"labels": labels, "headings": []})


@cache
def _renderer() -> "MarkdownIt":
    parser = new_parser()
    add_syntax(parser)
    parser.inline.ruler.before("escape", "mark", _read_mark)
    parser.core.ruler.push("headings", _number_headings)
    parser.core.ruler.push("links", _guard_links)
    parser.core.ruler.push("boxes", _find_boxes)
    for name, rule in {
        "mark": _show_mark,
        "image": _show_image,
        "table_open": lambda *_: '<div class="table"><table>\n',
        "table_close": lambda *_: "</table></div>\n",
        "th_open": _open_cell,
        "td_open": _open_cell,
        "footnote_caption": _name_footnote,
        "formula": _show_formula,
        "fence": _show_fence,
    }.items():
        parser.add_render_rule(name, rule)
    return parser


def _read_mark(state: "StateInline", silent: bool) -> bool:
    match = PLACEHOLDERS.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        state.push("mark", "", 0).meta = {"index": int(match[1])}
    state.pos = match.end()
    return True


def _number_headings(state: "StateCore") -> None:
    """Give headings ids, and levels that start below the page's title."""
    found = [i for i, token in enumerate(state.tokens) if token.type == "heading_open"]
    top = min((int(state.tokens[i].tag[1]) for i in found), default=2)
    taken: set[str] = set()
    for i in found:
        opening, inline, closing = state.tokens[i : i + 3]
        level = min(6, int(opening.tag[1]) - top + 2)
        opening.tag = closing.tag = f"h{level}"
        text = inline_text(inline)
        slug = name = "h-" + _slug(text)
        number = 1
        while name in taken:
            number += 1
            name = f"{slug}-{number}"
        taken.add(name)
        opening.attrs["id"] = name
        state.env["headings"].append(Heading(level, name, text))


def _find_boxes(state: "StateCore") -> None:
    """Paragraphs and items that open with "Agree", "Sources disagree" and the like in bold are boxes."""
    for index, token in enumerate(state.tokens):
        if token.type == "paragraph_open" and (kind := box_of(state.tokens[index + 1])):
            holder = state.tokens[index - 1] if index else token
            (holder if holder.type in ("list_item_open", "blockquote_open") else token).attrJoin("class", f"box {kind}")


def box_of(inline: "Token") -> str:
    """agree, differ, or "" for an inline token that is no box."""
    children = [child for child in inline.children or [] if child.content or child.type != "text"]
    if len(children) < 2 or children[0].type != "strong_open":
        return ""
    return next((kind for kind, words in _BOXES.items() if words.fullmatch(children[1].content.strip())), "")


def _slug(text: str) -> str:
    return _NOT_SLUG.sub("", text.lower()).strip().replace(" ", "-")[:80]


def _guard_links(state: "StateCore") -> None:
    """Unwrap links that may not be followed, and move marks that stand in a link behind it."""
    headings = {heading.id for heading in state.env["headings"]}
    for token in state.tokens:
        if token.type == "inline":
            token.children = _guarded(state.md, token.children or [], headings)


def _guarded(md: "MarkdownIt", children: "Sequence[Token]", headings: set[str]) -> "list[Token]":
    from markdown_it.token import Token  # noqa: PLC0415

    kept: list[Token] = []
    held: list[Token] = []
    open_links: list[bool] = []
    rest = ""
    for index, child in enumerate(children):
        if child.type == "link_open":
            if child.info == "auto":
                rest = _cut_address(md, child, children[index + 1])
            open_links.append(_aim(child, headings))
            if open_links[-1]:
                kept.append(child)
        elif child.type == "link_close":
            if open_links.pop():
                kept.append(child)
            if rest:
                kept.append(Token("text", "", 0, content=rest))
                rest = ""
            kept += held
            held = []
        elif open_links and child.type in ("mark", "footnote_ref"):
            held.append(child)
        else:
            child.meta["in_link"] = bool(open_links)
            kept.append(child)
    return kept


def _cut_address(md: "MarkdownIt", link: "Token", label: "Token") -> str:
    """End a bare address before Chinese punctuation; returns what is text again."""
    end = _URL_END.search(label.content)
    if end is None:
        return ""
    rest = label.content[end.start() :]
    label.content = label.content[: end.start()]
    link.attrs["href"] = md.normalizeLink(label.content)
    return rest


def _aim(link: "Token", headings: set[str]) -> bool:
    """Point `link` to where it may lead; False where it may lead nowhere."""
    target = str(link.attrs.get("href", ""))
    if target.startswith("#"):
        name = "h-" + clean(target[1:])
        link.attrs = {"href": "#" + name}
        return name in headings
    if clean(target).lower().startswith("mailto:"):
        link.attrs = {"href": clean(target)}
        return True
    url = safe_url(target)
    link.attrs = {"href": url or "", "target": "_blank", "rel": "noopener noreferrer"}
    return url is not None


def _show_mark(_: object, tokens: "Sequence[Token]", index: int, __: object, environment: dict[str, Any]) -> str:
    number = tokens[index].meta["index"]
    environment["shown"].append(number)
    html: str = environment["mark"](number)
    return html


def _show_image(_: object, tokens: "Sequence[Token]", index: int, __: object, environment: dict[str, Any]) -> str:
    """An image as a link to it: fetching it would tell its server who reads the report."""
    token = tokens[index]
    label = escape(f"[{environment['labels'].image}: {token.content}]")
    url = safe_url(str(token.attrs.get("src", "")))
    if url is None or token.meta.get("in_link"):
        return f'<span class="image">{label}</span>'
    return f'<a class="image" href="{escape(url)}" {EXTERNAL}>{label}</a>'


def _show_formula(_: object, tokens: "Sequence[Token]", index: int, __: object, ___: object) -> str:
    """A formula as MathML; as it was written where it cannot be read or the package is missing."""
    token = tokens[index]
    shown = mathml(token.content, bool(token.meta["display"]))
    return shown or f'<code class="formula">{escape(clean(token.content))}</code>'


def _show_fence(renderer: Any, tokens: "Sequence[Token]", index: int, options: Any, environment: dict[str, Any]) -> str:
    """Code; or a chart, with its specification beside it."""
    token = tokens[index]
    if not is_chart(token.info):
        html: str = renderer.fence(tokens, index, options, environment)
        return html
    labels: Labels = environment["labels"]
    chart = draw(token.content)
    code = f"<pre><code>{escape(clean(token.content))}</code></pre>"
    if chart.png is None:
        why = escape(labels.chart_missing.format(why=chart.problem))
        return f'<figure><figcaption class="problem">{why}</figcaption>{code}</figure>\n'
    picture = base64.b64encode(chart.png).decode()
    title = escape(chart.title or labels.chart)
    return (
        f'<figure><img src="data:image/png;base64,{picture}" alt="{title}" width="{chart.size[0]}">\n'
        f"<figcaption>{title}</figcaption>"
        f"<details><summary>{escape(labels.chart_data)}</summary>{code}</details></figure>\n"
    )


def _open_cell(_: object, tokens: "Sequence[Token]", index: int, __: object, ___: object) -> str:
    """A cell with its alignment as a class: the page's policy admits no style attributes."""
    side = str(tokens[index].attrs.get("style", "")).removeprefix("text-align:")
    return f'<{tokens[index].tag} class="{side}">' if side in ("left", "center", "right") else f"<{tokens[index].tag}>"


def _name_footnote(_: object, tokens: "Sequence[Token]", index: int, __: object, environment: dict[str, Any]) -> str:
    """A footnote's caption that cannot be taken for a citation."""
    return "[" + escape(environment["labels"].footnote.format(n=tokens[index].meta["id"] + 1)) + "]"
