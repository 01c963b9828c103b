"""A tokenizer of one's own for a small world: byte-level BPE, in which each mark of a dialect is one token.

Text from outside never becomes a mark: `<|report|>` on a web page is tokenised like other words. Only who puts marks in
by their ids (`mark_ids`) makes them.
"""

from collections.abc import Iterable, Sequence

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from ..errors import CheckpointError, TrainingError

PAD = "<|pad|>"
"""Fills the end of a row; id 0."""
BYTES = 256
"""Tokens that a byte-level vocabulary has in any case."""


def train_tokenizer(texts: Iterable[str], size: int, marks: Sequence[str]) -> PreTrainedTokenizerFast:
    """A tokenizer of `size` tokens for `texts`: every mark a token, every digit a token, any text can be written.

    Raises TrainingError where `size` has no room for bytes and marks.
    """
    if size < BYTES + 1 + len(marks):
        least = BYTES + 1 + len(marks)
        raise TrainingError(f"A vocabulary of {size} is too small.", f"{least} tokens hold bytes and marks alone.")
    tokenizer = Tokenizer(models.BPE())
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[AddedToken(mark, special=True, normalized=False) for mark in (PAD, *marks)],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, additional_special_tokens=list(marks), split_special_tokens=True
    )


def text_ids(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    """The ids of a text, none of them a mark, whatever the text says."""
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)
    return ids


def mark_ids(tokenizer: PreTrainedTokenizerFast, marks: Sequence[str]) -> dict[str, int]:
    """The id of each mark. Raises CheckpointError naming the marks that are not single tokens."""
    known = tokenizer.get_vocab()
    if missing := [mark for mark in marks if mark not in known]:
        raise CheckpointError(
            f"The tokenizer lacks {', '.join(missing)}.",
            "Train one with the dialect's marks: deepresearch train tokenizer.",
        )
    return {mark: known[mark] for mark in marks}
