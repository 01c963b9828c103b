"""Policies: what turns a view into the next turn. A new one is one file and one line; a package can add its own."""

from collections.abc import Callable, Sequence

from ...plugins import Registry
from ...policy import Policy
from ...settings import Settings
from ...tools import Tool

POLICIES: Registry[Callable[[Settings, Sequence[Tool]], Policy]] = Registry(
    "policies",
    {
        "chat": "deepresearch.agent.policies.chat:open_chat",
        "guided": "deepresearch.agent.policies.guided:open_guided",
        "extractive": "deepresearch.agent.policies.without_model:WithoutModel",
        "local": "deepresearch.training.policy:open_local",
    },
)
"""Name of each policy, and what makes it from a run's settings and tools."""
