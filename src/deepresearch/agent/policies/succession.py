"""Which policy continues a run where the one in use cannot work with its model."""

from collections.abc import Callable

from ...errors import ContextOverflow, DeepResearchError, NoToolCalling
from ...policy import Policy, View
from ...trajectory import PolicyChanged, Turn


class Succession:
    """The policy in use. Where its model calls no tools or its context is too short, another takes its place."""

    def __init__(self, policy: Policy, others: dict[str, Callable[[], Policy]]) -> None:
        """others: what opens each policy that may follow, by name."""
        self._others = others
        self._used: list[Policy] = []
        self._use(policy)

    def _use(self, policy: Policy) -> None:
        self.policy, self.name, self.revises = policy, policy.name, policy.revises
        self._used.append(policy)

    async def decide(self, view: View) -> Turn:
        """The turn of the policy in use."""
        return await self.policy.decide(view)

    async def close(self) -> None:
        """Close every policy that was in use."""
        for policy in self._used:
            await policy.close()

    def after(self, error: DeepResearchError) -> PolicyChanged | None:
        """The change of policy that `error` calls for, made at once; None: it calls for none, or none is left."""
        wanted = {"chat": ["guided"]}.get(self.name, []) if isinstance(error, NoToolCalling) else []
        if isinstance(error, ContextOverflow):
            wanted = {"chat": ["guided", "extractive"], "guided": ["extractive"]}.get(self.name, [])
        name = next((name for name in wanted if name in self._others), None)
        if name is None:
            return None
        self._use(self._others[name]())
        return PolicyChanged(policy=name, reason=str(error))
