"""Rubrics, verdicts, rewards: how good a report is, by a chat model or, as far as counting goes, without one."""

from importlib import import_module
from typing import Any

_HOMES = {
    "read_rubrics": "rubrics", "Rubric": "rubrics", "RubricSet": "rubrics",
    "draft_rubrics": "drafting", "draft_mechanically": "counting",
    "Judge": "judging", "ModelJudge": "model_judge", "MechanicalJudge": "counting", "ReplyCache": ".models.reply_cache",
    "judge_report": "judging", "Judgement": "judging", "CriterionVerdict": "verdicts",
    "quality_card": "card", "quality_json": "card",
    "compare": "comparison", "Comparison": "comparison",
    "ask_claim": "claim_check", "ClaimVerdict": "claim_check",
}  # fmt: skip
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    """The exported names, each loaded at first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
