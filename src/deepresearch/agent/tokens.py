"""How long a text is for a model whose tokenizer is not available.

Servers report the true length of every request; between two replies this estimate serves, scaled by how far it was
off last time.
"""

import re

from ..text.characters import WIDE

_WIDE = re.compile(f"[{WIDE}]")
CHARACTERS_PER_TOKEN = 4.0
TOKENS_PER_WIDE_CHARACTER = 0.7
"""Common tokenizers need 0.6 to 0.8 tokens for a Chinese character."""
MESSAGE_OVERHEAD = 4
"""Role and separators of one chat message."""


def estimate_tokens(text: str) -> int:
    """Tokens of `text`, roughly: a quarter of its characters, more for Chinese, Japanese and Korean."""
    wide = 0 if text.isascii() else len(_WIDE.findall(text))
    return round((len(text) - wide) / CHARACTERS_PER_TOKEN + wide * TOKENS_PER_WIDE_CHARACTER)
