"""Written answers from small models, one small question under a schema at a time: see docs/guided.md."""

from .policy import GuidedPolicy

__all__ = ["GuidedPolicy"]
