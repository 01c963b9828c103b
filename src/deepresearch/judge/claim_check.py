"""What a passage says about a claim that cites it, where the mechanical check of the citation did not decide."""

from dataclasses import dataclass
from typing import Literal, get_args

from ..models import ChatModel
from ..models.reply_cache import ReplyCache
from ..models.structured import StructuredClient, StructuredReply, Unusable, json_object
from ..text.quotations import find_quote
from .prompt import prompt

ClaimLevel = Literal["supports", "partly", "contradicts", "unrelated"]
_LEVELS: dict[str, ClaimLevel] = {level: level for level in get_args(ClaimLevel)}
_LEVELS |= {"supported": "supports", "partially": "partly", "contradicted": "contradicts"}


@dataclass(frozen=True)
class ClaimVerdict:
    """A model's verdict on one claim and one passage."""

    level: ClaimLevel
    reason: str = ""
    evidence: str = ""
    """The sentence that it rests on, copied from the passage; "" only for unrelated."""


async def ask_claim(
    client: ChatModel, claim: str, passage_title: str, passage_text: str, kept: ReplyCache | None = None
) -> StructuredReply[ClaimVerdict]:
    """What the passage says about the claim, and what the requests cost; without a value where no reply could be used.

    A verdict whose sentence is not in the passage letter by letter (white space aside) cannot be used.
    Raises ModelError where the endpoint as a whole does not work.
    """
    texts = {"claim": claim, "title": passage_title, "passage": passage_text}
    return await StructuredClient(client, kept).ask(prompt("claim", texts), lambda text: read_claim(text, passage_text))


def read_claim(text: str, passage: str) -> ClaimVerdict:
    """The verdict in a reply. Raises Unusable, also for a sentence that is not in the passage."""
    found = json_object(text, "verdict")
    word = found["verdict"].strip().strip(".").casefold() if isinstance(found["verdict"], str) else ""
    if word not in _LEVELS:
        raise Unusable(
            f'the verdict {found["verdict"]!r:.40} is none of "supports", "partly", "contradicts", "unrelated"'
        )
    level = _LEVELS[word]
    quote = found.get("evidence")
    if isinstance(quote, list):
        quote = next((item for item in quote if isinstance(item, str)), "")
    evidence = find_quote(quote, passage) if isinstance(quote, str) and quote.strip() else None
    if evidence is None and level != "unrelated":
        raise Unusable("its evidence is not in the passage letter by letter")
    reason = found.get("reason")
    return ClaimVerdict(level=level, reason=reason.strip() if isinstance(reason, str) else "", evidence=evidence or "")
