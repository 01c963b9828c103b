"""What a person sees during a run: the plan, what is being looked for and read, what is left of the budget."""

import time
from collections import Counter

from ..agent.budget import BudgetTracker
from ..agent.drafting import STEP
from ..settings import BudgetSettings
from ..trajectory import (
    Answered,
    BudgetReached,
    BudgetWarned,
    Call,
    Event,
    Observation,
    PlanProposed,
    RunFailed,
    RunFinished,
    RunPaused,
    Turn,
    UserSteered,
    Verified,
    ViewCompacted,
)
from .terminal import clip, say

WIDTH = 100
PHRASES = {
    "en": {
        "plan": "Plan:",
        "near": "Limit near: {used:.3g} of {of:g} {limit}.",
        "limit": "Limit: {used:.3g} of {of:g} {limit}. Writing the report with what there is.",
        "early": "Writing the report with what there is.",
        "compacted": "(View compacted from {before} to {after} tokens.)",
        "withdrawn": "(Withdrawn from the view, since the endpoint refuses it: {count} newest results.)",
        "paused": "Paused ({reason}).",
        "failed": "Failed: {message}",
        "finished": "Finished: {reason} {left}",
        "batch_search": "Searching: {what}",
        "batch_open": "Reading: {what}",
        "todo": "List: {what}",
        "written": "{left} report written, {count} characters",
        "no_answer": "No answer: {name}: {why}",
        "sent_back": "Sent back: {line}",
        "drafting": "Drafting: {step}",
        "checked": "Citations checked: {good} of {all} support their sentence",
        "bare": ", {count} statements cite nothing",
        "nothing": "nothing found",
        "nothing_new": "nothing new",
        "more": " and {count} more",
        "passages": "{count} passages: {titles}",
        "passage": "1 passage: {titles}",
    },
    "zh": {
        "plan": "计划：",
        "near": "接近上限：{limit} 已用 {used:.3g}，共 {of:g}。",
        "limit": "已到上限：{limit} 已用 {used:.3g}，共 {of:g}。现在用已有的材料写报告。",
        "early": "现在用已有的材料写报告。",
        "compacted": "（上下文已从 {before} 压缩到 {after} 个词元。）",
        "withdrawn": "（服务端拒绝最新的 {count} 个结果，已从上下文中撤下。）",
        "paused": "已暂停（{reason}）。",
        "failed": "失败：{message}",
        "finished": "结束：{reason} {left}",
        "batch_search": "检索：{what}",
        "batch_open": "阅读：{what}",
        "todo": "清单：{what}",
        "written": "{left} 报告已写好，{count} 个字符",
        "no_answer": "没有回答：{name}：{why}",
        "sent_back": "退回：{line}",
        "drafting": "起草：{step}",
        "checked": "引用检查：{all} 处引用中 {good} 处支持所在句子",
        "bare": "，{count} 句没有引用",
        "nothing": "没有找到",
        "nothing_new": "没有新内容",
        "more": "，另有 {count} 篇",
        "passages": "{count} 个段落：{titles}",
        "passage": "1 个段落：{titles}",
    },
}
"""What the watcher says, in the language of the question."""
WORDS = {
    "zh": {
        "turns": "轮",
        "tool calls": "次调用",
        "tokens": "词元",
        "US dollars": "美元",
        "minutes": "分钟",
        "answered": "已回答",
        "partial": "部分回答",
        "cancelled": "已取消",
        "Looking up what the question names.": "查找问题中提到的名称。",
        "Following names that stand near what is asked.": "追查与所问内容相邻的名称。",
        "Searching for the question as it stands.": "按问题原文检索。",
        "Searching for each part of the question.": "逐一检索问题的各个部分。",
        "Reading around the best passages.": "阅读最佳段落的上下文。",
        "Settling the list.": "更新清单。",
        "Searching for terms that the best passages raise.": "检索最佳段落中出现的术语。",
        "Following the names read first.": "追查最先读到的名称。",
        "Opening the pages that the names led to.": "打开由这些名称找到的网页。",
        "Opening the pages that would be quoted.": "打开将要引用的网页。",
        "Opening the pages that promise most.": "打开最有希望的网页。",
    }
}
"""Names of limits, reasons and steps of the extractive policy in other languages than English."""
TITLES = 3
"""Titles named per result."""
LONGEST_FAILURE = 2_000
"""Characters of what failed and why: where no source answered, each has its own reason."""


class Watcher:
    """Prints each event as a line or two on standard error."""

    def __init__(self, limits: BudgetSettings, budget: BudgetTracker, language: str = "en") -> None:
        self.limits = limits
        self.phrases = PHRASES.get(language, PHRASES["en"])
        self.words = WORDS.get(language, {})
        self.budget = budget
        self._began = time.time()
        self._told: set[tuple[str, str]] = set()

    def __call__(self, event: Event) -> None:
        for line in self._lines(event):
            say(line)

    def _lines(self, event: Event) -> list[str]:  # noqa: PLR0912  one case an event type
        match event:
            case Turn():
                noticed = [f"    {clip(note, LONGEST_FAILURE)}" for note in event.notes]
                text = event.text.strip()
                said = [f"    {clip(self._word(text), WIDTH)}"] if text else []
                return noticed + said + [f"{self._left()} {self._describe(call)}" for call in event.calls]
            case Observation(call=None):
                return [f"    {self._note(event)}"]
            case Observation():
                return self._result(event)
            case Answered():
                why = [f"    {clip(text, LONGEST_FAILURE)}" for text in (event.chosen, event.reason) if text]
                return [*why, self._say("written", left=self._left(), count=len(event.text))]
            case Verified():
                return [f"    {self._checked(event)}"]
            case PlanProposed():
                return [self._say("plan"), *(f"    {line}" for line in event.text.splitlines())]
            case BudgetWarned():
                return [self._say("near", used=event.used, of=event.of, limit=self._word(event.limit))]
            case BudgetReached():
                return [self._say("limit", used=event.used, of=event.of, limit=self._word(event.limit))]
            case UserSteered(finish_early=True):
                return [self._say("early")]
            case ViewCompacted():
                name = "withdrawn" if event.withdrawn else "compacted"
                numbers = {"before": event.tokens_before, "after": event.tokens_after, "count": len(event.withdrawn)}
                return ["    " + self._say(name, **numbers)]
            case RunPaused():
                return [self._say("paused", reason=event.reason)]
            case RunFailed():
                return [self._say("failed", message=event.message)]
            case RunFinished():
                return [self._say("finished", reason=self._word(event.reason), left=self._left())]
            case _:
                return []

    def _result(self, result: Observation) -> list[str]:
        if result.tool == "todo" and result.status == "ok":
            return []  # the call has said it
        return [f"    {self._outcome(result)}", *self._failed(result)]

    def _failed(self, result: Observation) -> list[str]:
        """What some of the sources that were asked failed of, each reason once in a run."""
        data = result.data or {}
        asked = [one for name in ("queries", "references") for one in data.get(name, []) if isinstance(one, dict)]
        failed = [pair for one in asked for pair in (one.get("failed") or {}).items()]
        new = [pair for pair in dict.fromkeys(failed) if pair not in self._told]
        self._told.update(new)
        return [f"    {self._say('no_answer', name=name, why=clip(str(why), LONGEST_FAILURE))}" for name, why in new]

    def _left(self) -> str:
        uses = [use for use in self.budget.uses(self.limits, time.time()) if not use.limit.startswith("identical")]
        return "[" + " · ".join(f"{use.used:.4g}/{use.of:g} {self._word(use.limit)}" for use in uses) + "]"

    def _word(self, word: str) -> str:
        return self.words.get(word, word)

    def _describe(self, call: Call) -> str:
        """A call in a few words."""
        arguments = dict(call.arguments or {})
        action = str(arguments.pop("action", "") or "")
        words = [_words(value) for value in arguments.values()]
        what = " · ".join(word for word in words if word)
        phrase = action if action in self.phrases else call.tool
        said = self._say(phrase, what=what) if phrase in self.phrases else f"{call.tool} {action} {what}"
        return clip(said, WIDTH)

    def _say(self, phrase: str, **values: object) -> str:
        return self.phrases[phrase].format(**values)

    def _note(self, note: Observation) -> str:
        """What the loop tells the policy, in a line, without the passages that it shows with it."""
        if not note.reason.startswith(STEP):
            return self._say("sent_back", line=note.shown.partition("\n")[0])
        at = note.data or {}
        section = f" {at['number'] + 1}/{at['of']}" if "number" in at and "of" in at else ""
        return self._say("drafting", step=note.reason.removeprefix(STEP) + section)

    def _checked(self, check: Verified) -> str:
        counts = Counter(verdict.level for verdict in check.citations)
        others = "".join(f", {n} {level}" for level, n in counts.items() if level != "supports")
        bare = self._say("bare", count=len(check.uncited)) if check.uncited else ""
        return self._say("checked", good=counts["supports"], all=len(check.citations)) + others + bare

    def _outcome(self, result: Observation) -> str:
        """A result in a few words."""
        if result.status not in ("ok", "empty"):
            return f"{result.status}: {clip(result.shown, LONGEST_FAILURE)}"
        if result.status == "empty":
            return self._say("nothing")
        if result.tool == "batch_web_surfer" and not result.passages:
            return self._say("nothing_new")
        if count := len(result.passage_ids):
            titles = list(dict.fromkeys(passage.title for passage in result.passages))
            more = self._say("more", count=len(titles) - TITLES) if len(titles) > TITLES else ""
            phrase = "passage" if count == 1 else "passages"
            return clip(self._say(phrase, count=count, titles="; ".join(titles[:TITLES]) + more), WIDTH)
        return clip(result.shown, WIDTH)


def _words(value: object) -> str:
    if isinstance(value, list):
        return " · ".join(_words(item) for item in value)
    if isinstance(value, dict):
        done = "✓ " * (value.get("status") == "done")
        return done + " ".join(_words(item) for name, item in value.items() if name not in ("id", "status", "note"))
    return value if isinstance(value, str) else ""
