"""Served models: the chat client (client.py, loaded when needed), the reader of tool calls, prices."""

from ..trajectory import Reply
from .base import ChatModel, Message, Spec

__all__ = ["ChatModel", "Message", "Reply", "Spec"]
