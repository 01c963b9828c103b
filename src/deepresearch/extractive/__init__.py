"""Research without a model: see docs/extractive.md."""

from .policy import ExtractivePolicy

__all__ = ["ExtractivePolicy"]
