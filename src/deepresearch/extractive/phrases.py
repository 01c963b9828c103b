"""The wording of plan and report, in English and Chinese."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrases:
    according: str
    """{title}, {quote}: the quote with its citation."""
    item: str
    """{place}, {quote}: an item under its source."""
    in_brackets: str
    colon: str
    open_quote: str
    close_quote: str
    stop: str
    title_open: str
    title_close: str
    page: str
    dated: str
    excerpt: str
    """Said of what only a search engine's excerpt shows."""
    short_answer: str
    findings: str
    agree_differ: str
    agree: str
    differ_numbers: str
    differ_not: str
    not_found: str
    nothing_found: str
    nothing_answered: str
    """No source answered any search."""
    nothing_searched: str
    closest: str
    closest_note: str
    nothing_about: str
    no_answer: str
    part_empty: str
    """Below a part that has no answer."""
    nothing: str
    """In a cell of a table."""
    widen: str
    ages: str
    according_list: str
    """{title}: what leads to several quotations."""
    term_empty: str
    failed: str
    unread: str
    """{what}: documents, {why}."""
    by_names: str
    """{what}: what is asked, {names}."""
    about: str
    note: str
    plan_asked: str
    plan_parts: str
    plan_where: str
    plan_names: str
    plan_passages: str
    plan_read: str
    plan_check: str
    kinds: dict[str, str]
    counts: dict[str, tuple[str, str]]
    """How many of something: for one, for any other number {n}."""

    def count(self, what: str, n: int) -> str:
        """`n` of `what`, a key of `counts`."""
        return self.counts[what][n != 1].format(n=n)


ENGLISH = Phrases(
    according="According to {title}, {quote}.",
    item="- {place}{quote}.",
    in_brackets=" ({place})",
    colon=": ",
    open_quote="“",
    close_quote="”",
    stop=".",
    title_open="*",
    title_close="*",
    page="p. {n}",
    dated="dated {date}",
    excerpt="excerpt by a search engine, the page was not read",
    short_answer="Short answer",
    findings="Findings",
    agree_differ="Where sources agree and differ",
    agree="- **Agree.** {one}; {other}.",
    differ_numbers="- **Differ** ({a} against {b}). {one}; {other}.",
    differ_not="- **Differ** (one of them says no). {one}; {other}.",
    not_found="What was not found",
    nothing_found="Nothing in the documents searched answers this question.",
    nothing_answered="No source answered, so nothing is known about this question: this is not the same as nothing "
    "found.",
    nothing_searched="Nothing was searched before the limit.",
    closest="Closest passages",
    closest_note="These came first in the search. Whether they bear on the question is for the reader to judge.",
    nothing_about="- Nothing found: {what}.",
    no_answer="no statement answers “{what}”",
    part_empty="Nothing in the documents searched answers this part.",
    nothing="nothing found",
    widen="- To widen the search: name other documents with `--docs`, search the web with `--web`, or put the question "
    "in the words that the sources would use.",
    ages="The sources that say when they were written are dated from {oldest} to {newest}.",
    according_list="According to {title}:",
    term_empty="no passage read speaks of “{what}”",
    failed="- A source could not be searched: {what}. What it holds is missing here.",
    unread="- Could not be opened: {what} ({why}).",
    by_names="- On “{what}” no source in the question’s language says anything. What is quoted was found in another "
    "language by the names alone ({names}); nothing was translated, so whether it answers is for the reader to judge.",
    about="How this report was made",
    note=(
        "No language model wrote this report. A program ran {searches}, read {passages} of {documents}, "
        "followed the names and terms it met, and chose sentences by the words and relations "
        "they share with the question. Every quotation is word for word from its source; nothing was paraphrased, "
        "inferred, counted or weighed, so a conclusion that no source states in a sentence is left to the reader."
    ),
    plan_asked="**Asked:** {kind}",
    plan_parts="**To be found out:**",
    plan_where="**Where to look:**",
    plan_names="documents about {names}, then the names that they lead to",
    plan_passages="passages on each of the points above, then the passages around the best of them",
    plan_read="terms that the first results raise",
    plan_check="where sources agree and differ, and what none of them says",
    kinds={
        "compare": "a comparison",
        "date": "a date or time",
        "person": "a person or body",
        "place": "a place",
        "number": "a number or amount",
        "money": "an amount of money",
        "duration": "a length of time",
        "percentage": "a share",
        "why": "a reason",
        "how": "a way to do something",
        "definition": "what something is",
        "list": "a list",
        "risks": "risks or problems",
        "change": "how something changed",
        "yes or no": "whether something holds",
        "open": "an open question",
    },
    counts={
        "searches": ("1 search", "{n} searches"),
        "passages": ("1 passage", "{n} passages"),
        "documents": ("1 document", "{n} documents"),
        "statements": ("1 statement", "{n} statements"),
    },
)

CHINESE = Phrases(
    according="据{title}：{quote}。",
    item="- {place}{quote}。",
    in_brackets="（{place}）",
    colon="：",
    open_quote="“",
    close_quote="”",
    stop="。",
    title_open="《",
    title_close="》",
    page="第 {n} 页",
    dated="日期 {date}",
    excerpt="搜索引擎的摘录，未读原页",
    short_answer="简要回答",
    findings="查到的内容",
    agree_differ="各来源的一致与分歧",
    agree="- **一致。**{one}；{other}。",
    differ_numbers="- **不一致**（{a} 与 {b}）。{one}；{other}。",
    differ_not="- **不一致**（其中一方为否定）。{one}；{other}。",
    not_found="没有查到的内容",
    nothing_found="所查文档中没有能够回答这个问题的内容。",
    nothing_answered="没有任何来源作出应答，因此对这个问题一无所知；这与“未查到”不是一回事。",
    nothing_searched="在达到上限之前没有进行任何检索。",
    closest="最接近的段落",
    closest_note="以下段落在检索结果中排在最前；它们是否与问题相关，由读者判断。",
    nothing_about="- 未查到：{what}。",
    no_answer="没有语句回答“{what}”",
    part_empty="所查文档中没有回答这一部分的内容。",
    nothing="没有查到",
    widen="- 可以这样扩大范围：用 `--docs` 加入其他文档，用 `--web` 检索网络，或者换用来源中会出现的说法提问。",
    ages="写明日期的来源，日期在 {oldest} 与 {newest} 之间。",
    according_list="据{title}：",
    term_empty="读过的段落都没有提到“{what}”",
    failed="- 有一个来源未能检索：{what}。其中的内容不在本报告之内。",
    unread="- 未能打开：{what}（{why}）。",
    by_names="- 关于“{what}”，没有与问题同语言的来源作出说明。所引内容只是凭名称（{names}）"
    "在另一种语言的来源中找到的；程序不作翻译，是否回答了问题由读者判断。",
    about="关于本报告",
    note=(
        "本报告不是由语言模型撰写的。程序检索 {searches}，读了 {documents}中的 {passages}，"
        "沿着读到的名称和术语继续查找，并按语句与问题共有的词语和关系选取语句。所有引文均与来源逐字一致；没有改写、推断、计算或权衡，"
        "因此凡没有任何来源以一句话说出的结论，都留给读者判断。"
    ),
    plan_asked="**所问：**{kind}",
    plan_parts="**需要弄清：**",
    plan_where="**到哪里找：**",
    plan_names="关于 {names} 的文档，再沿其中提到的名称继续",
    plan_passages="逐点检索相关段落，再读其中最好段落的上下文",
    plan_read="检索最初结果引出的术语",
    plan_check="各来源一致与不一致之处，以及都没有说到的内容",
    kinds={
        "compare": "比较",
        "date": "时间",
        "person": "人物或机构",
        "place": "地点",
        "number": "数量",
        "money": "金额",
        "duration": "时长",
        "percentage": "比例",
        "why": "原因",
        "how": "做法",
        "definition": "含义",
        "list": "清单",
        "risks": "风险或问题",
        "change": "变化",
        "yes or no": "是否成立",
        "open": "开放性问题",
    },
    counts={
        "searches": ("1 次", "{n} 次"),
        "passages": ("1 个段落", "{n} 个段落"),
        "documents": ("1 份文档", "{n} 份文档"),
        "statements": ("1 条语句", "{n} 条语句"),
    },
)


def phrases_for(language: str) -> Phrases:
    """The wording for a question in `language` (ISO 639-1); English where it is neither."""
    return CHINESE if language == "zh" else ENGLISH
