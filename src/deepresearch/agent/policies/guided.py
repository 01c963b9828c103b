"""A small served model that is led step by step: see docs/guided.md."""

from collections.abc import Sequence

from ...policy import Policy
from ...settings import Settings
from ...tools import Tool

LONGEST_REPLY = 500
"""Tokens: one short JSON object."""


def open_guided(settings: Settings, tools: Sequence[Tool]) -> Policy:
    """The policy over the endpoint that the settings name, at temperature 0 unless they name another."""
    from ...guided import GuidedPolicy  # noqa: PLC0415  not needed for other policies
    from ...models.client import chat_client  # noqa: PLC0415
    from ...models.reply_cache import FOLDER, ReplyCache  # noqa: PLC0415

    limits = {"temperature": 0.0, "max_tokens": min(settings.model.max_tokens, LONGEST_REPLY), "stream": False}
    return GuidedPolicy(chat_client(settings, **limits), ReplyCache(settings.data_folder() / FOLDER))
