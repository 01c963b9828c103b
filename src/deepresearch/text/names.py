"""Names in questions and in running text: people, works, places, institutions, identifiers.

No list of names and no model: runs of capitalised words with the small words within names, quoted titles,
identifiers, and in Chinese the text next to words such as titles and offices. Whether there is a document on a name is
decided by the library's titles, not here.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from .characters import HAN, has_han, normalise
from .phrases import phrase_spans
from .wordlists import request_words, stop_words, word_set

_TOKEN = re.compile(r"(?:[A-Z]\.){2,}|[^\W_]+(?:['’\-–/][^\W_]+)*(?:['’](?=\s[A-Z]))?|&")
_QUOTED = re.compile(r"“([^”\n]{2,80})”|\"([^\"\n]{2,80})\"|《([^》\n]{1,60})》|「([^」\n]{1,60})」|`([^`\n]{2,60})`")
_IDENTIFIER = re.compile(r"(?<![\w.])(?:[A-Za-z_]\w*\.)+[A-Za-z_]\w*(?:\(\))?|\b[A-Za-z]+_\w+\b|\b[a-z]+[A-Z]\w+\b")
_NUMBER = re.compile(r"[\d,.–-]+(?:st|nd|rd|th)?$", re.IGNORECASE)
_ADJECTIVE = re.compile(r"[A-Z/]+-[a-z]+$")  # adjectives such as "CPU-bound", which are not names
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)?$", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’][sS]?$")
_QUALIFIER = re.compile(
    r"\s\((?:\d{4}\s)?(?:film|movie|book|novel|magazine|band|song|album|series|TV series|play|musician|singer|executor|"
    r"director|writer|politician|\d{3,4}\s?[-–]\s?\d{3,4})\)",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[\W_]+")
_REMARK = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_DASH = re.compile(r"\s[—–|·-]\s")
_IS = re.compile(r"[\"”*']*\s*(?:[(（,，]|(?:is|are|was|were)\b|是)")
_SUBJECT_ZH = re.compile(f"[{HAN}·]{{2,12}}(?=\\s?[（(])")
_GAP = re.compile(r"(?:\s+|:\s|\.\s|\s?&\s?)$")


@dataclass(frozen=True)
class Name:
    """A name and its place in the text."""

    text: str
    start: int
    end: int

    @property
    def words(self) -> int:
        return len(self.text.split())


def names_in(text: str, question: bool = False) -> list[Name]:
    """Names in running text, in order, longest reading first where readings overlap in their start.

    question: a lone capitalised word at the start counts too, and several of the commonest words within: in running
    text these are mostly ordinary words.
    """
    found = ((next(filter(None, m.groups())), m) for m in _QUOTED.finditer(text))
    quoted = [Name(inner.strip(" ,.;:"), m.start(), m.end()) for inner, m in found]
    coded = [Name(m.group(), m.start(), m.end()) for m in _IDENTIFIER.finditer(text)]
    # Two sentences without a space between them ("in Castile.He was") are not an identifier.
    coded = [name for name in coded if name.text.rpartition(".")[2].casefold() not in _common_words()]
    runs = [n for n in _runs(text, question) if question or n.words > 1 or not _sentence_start(text, n.start)]
    return sorted({*quoted, *coded, *runs}, key=lambda n: (n.start, -n.end))


def subject_of(text: str) -> str:
    """What a text without a title is about: the name that it opens with, where it then says what that is."""
    chinese, names = _SUBJECT_ZH.match(text), names_in(text[:120], question=True)
    opening = (n.text for n in names if not text[: n.start].strip(" \"“*'") and _IS.match(text, n.end))
    return chinese.group() if chinese else next(opening, "")


def without_remark(title: str) -> str:
    """What a title calls its subject: without a remark in brackets at its end and the name of the site."""
    return _REMARK.sub("", _DASH.split(title, maxsplit=1)[0])


@cache
def _common_words() -> frozenset[str]:
    return stop_words("en") | request_words("en")


def is_weak(name: str) -> bool:
    """Months, weekdays, numbers, ranks and words for nationalities lead nowhere in particular."""
    lists = [word_set("names", key) for key in ("calendar", "ranks", "demonyms")]
    words = re.split(r"[\s-]", name.casefold())
    return all(any(w in known for known in lists) or _ORDINAL.match(w) or len(w) == 1 for w in words)


def _runs(text: str, question: bool) -> list[Name]:
    tokens = list(_TOKEN.finditer(text))
    names: list[Name] = []
    i = 0
    while i < len(tokens):
        if not _starts(tokens, i, text):
            i += 1
            continue
        j = _extend(tokens, i, text)
        names.append(_name(text, tokens[i].start(), tokens[j].end()))
        i = j + 1
    telling = [
        n for n in names if any(len(w) > 1 and w.casefold() not in _common_words() for w in _PARTS.split(n.text))
    ]
    return telling + [n for n in names if question and n.words > 1 and not _sentence_start(text, n.start)]


def _starts(tokens: list[re.Match[str]], i: int, text: str) -> bool:
    word = tokens[i].group()
    leads = i + 1 < len(tokens) and _capital(tokens[i + 1].group())
    if word[0].isdigit():
        return bool(_NUMBER.match(word)) and leads and text[tokens[i].end() : tokens[i + 1].start()] == " "
    if not _capital(word) or word.casefold() not in _common_words() or not _sentence_start(text, tokens[i].start()):
        return _capital(word)
    return word in ("The", "A", "An") and leads


def _extend(tokens: list[re.Match[str]], i: int, text: str) -> int:
    """Index of the last token of the name that starts at token `i`."""
    last = i
    while last + 1 < len(tokens):
        if _POSSESSIVE.search(tokens[last].group()) and not _capital(tokens[last + 1].group()):
            break
        ahead = last + 1
        while ahead < len(tokens) and ahead - last <= 3 and tokens[ahead].group() in word_set("names", "inside"):
            ahead += 1
        if ahead >= len(tokens) or not all(_joins(tokens, k, text) for k in range(last, ahead)):
            break
        word = tokens[ahead].group()
        if not (_capital(word) or word[0].isdigit() or word == "&"):
            break
        last = ahead
    return last


def _joins(tokens: list[re.Match[str]], k: int, text: str) -> bool:
    """Token `k` and the next one can belong to one name."""
    gap = text[tokens[k].end() : tokens[k + 1].start()]
    if gap.startswith("."):
        return len(tokens[k].group()) == 1 or tokens[k].group() in ("Jr", "Sr", "St", "Dr", "Mr", "Mrs")
    if gap.startswith(","):
        following = tokens[k + 1].group().casefold()
        return following in word_set("names", "ranks") or bool(re.match(r"\d+(?:st|nd|rd|th)$", following))
    return bool(_GAP.match(gap)) and "\n" not in gap


def _capital(word: str) -> bool:
    return word[0].isupper() and not _ADJECTIVE.match(word)


def _sentence_start(text: str, start: int) -> bool:
    return text[:start].rstrip()[-1:] in ("", *'.!?。！？:"“(,;')


def _name(text: str, start: int, end: int) -> Name:
    if qualifier := _QUALIFIER.match(text, end):
        end = qualifier.end()
    name = text[start:end]
    return Name(_POSSESSIVE.sub("", name) if not name.endswith(")") else name, start, end)


_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石"
    "廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_INSTITUTION = re.compile(
    rf"[{HAN}]{{2,10}}?(?:公司|集团|大学|学院|医院|银行|研究院|研究所|委员会|协会|基金会|出版社|法院|检察院)"
)
_CHINESE = (
    re.compile(r"《([^《》]{2,40})》"),
    re.compile(rf"[{HAN}]{{1,8}}·[{HAN}·]{{1,12}}(?=[，。、的和与在说称表任是（(]|$)"),
    re.compile(
        rf"(?<![{HAN}])[{_SURNAMES}][{HAN}]{{1,2}}"
        "(?=表示|认为|指出|介绍|说|称|告诉|强调|透露|担任|出任|教授|先生|女士)"
    ),
    re.compile(
        "(?:总统|总理|主席|部长|外长|省长|市长|书记|记者|主任|局长|院长|校长|教授|队长|专家|博士|董事长|总裁|经理)"
        rf"([{_SURNAMES}][{HAN}]{{1,2}}(?=[，。、说称在与和表于的])|[{HAN}]{{3,6}}(?=表示|认为|指出|说|称|强调|在))"
    ),
)
_BEFORE_INSTITUTION = re.compile(r".*于|[从由被将向]")


def chinese_names(text: str) -> list[Name]:
    """Titles of works, transcribed names, institutions, and persons next to verbs of persons, in order."""
    found = [match.span(match.lastindex or 0) for pattern in _CHINESE for match in pattern.finditer(text)]
    found += [_institution(text, *match.span()) for match in _INSTITUTION.finditer(text)]
    return [Name(text[start:end], start, end) for start, end in sorted(set(found))]


def _institution(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without the words before the name: 毕业于北京大学, 他和中国银行."""
    start += phrase_spans(text[start:end])[-1][0]
    before = _BEFORE_INSTITUTION.match(text, start, end)
    return (before.end(), end) if before and end - before.end() > 2 else (start, end)


_SHORTEST = 2  # characters of a name that can be looked for


def is_named(name: str, text: str) -> bool:
    """Whether a text, in normal form, has the name as whole words."""
    return (len(name) >= _SHORTEST and _name_pattern(name).search(text) is not None) or (
        name.isdigit() and name in text
    )


@lru_cache(maxsize=20_000)
def _name_pattern(name: str) -> re.Pattern[str]:
    escaped = re.escape(normalise(name))
    return re.compile(escaped if has_han(name) else rf"(?<!\w){escaped}(?!\w)", re.IGNORECASE)
