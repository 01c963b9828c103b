"""Whether a reply only announces what its writer is about to do, in English or Chinese: that is no report."""

import re

from ..text.sentences import split_sentences

LONGEST = 1_200
"""Characters above which a reply is more than an announcement."""
LAST = 2
"""Sentences at the end of a reply, one of which announces."""
_ACT = (
    r"(?:search|look|open|read|check|find|fetch|brows|investigat|gather|examin|explor|start|begin|proceed|continu|"
    r"verif|review|query|quer|retriev|consult|visit|collect|research|compil|writ|draft|analy|call|us(?:e|ing)\b|try|dig)"
)
_ENGLISH = re.compile(
    r"\b(?:(?:I|we)(?:\s+(?:will|shall|am|are|need|have|plan|intend|want|can|should|must)|['’](?:ll|m|re|d))"
    rf"|let\s+(?:me|us)|let['’]s|(?:my\s+)?next(?:\s+(?:step|up))?[,:]?)(?:\s+\w+){{0,5}}?\s+{_ACT}\w*",
    re.IGNORECASE,
)
_CHINESE = re.compile(
    r"(?:接下来|下一步|随后|然后|首先|现在|稍后|让我们?|我们?(?:将|会|要|来|先|现在|打算|准备|需要|继续|再)|将要|即将)"
    r"[^。！？\n]{0,20}?"
    r"(?:搜索|搜寻|查找|查询|查阅|查看|检索|打开|阅读|浏览|核实|核对|调查|收集|搜集|分析|研究|开始|继续|访问|整理|撰写|检查|了解|寻找)"
)


def is_announcement(text: str) -> bool:
    """Whether `text` ends by saying what comes next, and reports nothing: short, without a citation or a heading."""
    body = text.strip()
    if len(body) > LONGEST or "\\cite{" in body or re.search(r"^#{1,6}\s|^\|", body, re.MULTILINE):
        return False
    lines = [line.strip() for line in body.splitlines() if line.strip()]
    ends = [sentence for line in lines for sentence in split_sentences(line)][-LAST:]
    return any(_ENGLISH.search(sentence) or _CHINESE.search(sentence) for sentence in ends)
