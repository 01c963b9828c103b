"""A tokenizer of one's own for a small world: byte-level, of parts of words (BPE) or whole ones; each mark one token.

Text from outside never becomes a mark: `<|report|>` on a web page is tokenised like other words. Only who puts marks in
by their ids (`mark_ids`) makes them.
"""

from collections.abc import Iterable, Sequence

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from ..errors import CheckpointError, TrainingError

PAD = "<|pad|>"
"""Fills the end of a row; id 0."""
BYTES = 256
"""Tokens that a byte-level vocabulary has in any case."""
WORD_SCORE, BYTE_SCORE = -1.0, -10.0
"""Log-probabilities that make a whole word likelier than the bytes that spell it."""


def train_tokenizer(texts: Iterable[str], size: int, marks: Sequence[str]) -> PreTrainedTokenizerFast:
    """A tokenizer of `size` tokens for `texts`: every mark a token, every digit a token, any text can be written.

    Raises TrainingError where `size` has no room for bytes and marks.
    """
    if size < BYTES + 1 + len(marks):
        least = BYTES + 1 + len(marks)
        raise TrainingError(f"A vocabulary of {size} is too small.", f"{least} tokens hold bytes and marks alone.")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = _pieces()
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=_special(marks),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return _finished(tokenizer, marks)


def word_tokenizer(texts: Iterable[str], marks: Sequence[str]) -> PreTrainedTokenizerFast:
    """A tokenizer in which every word of `texts` is one token, and every other text is written in bytes.

    For closed worlds: a model of a million parameters copies a name of one token sooner than one of three. For the same
    reason a word is the same token at the beginning of a text or line as after a space; so texts are not to be
    tokenised in pieces, as the chat dialect does.
    """
    normalizer = normalizers.Sequence([normalizers.Replace("\n", "\n "), normalizers.Prepend(" ")])
    pieces = _pieces()
    words = {word for text in texts for word, _ in pieces.pre_tokenize_str(normalizer.normalize_str(text))}
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = [(mark, 0.0) for mark in (PAD, *marks)] + [(byte, BYTE_SCORE) for byte in alphabet]
    vocabulary += [(word, WORD_SCORE) for word in sorted(words - set(alphabet))]
    tokenizer = Tokenizer(models.Unigram(vocabulary))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, pieces
    tokenizer.decoder = decoders.Sequence(
        [decoders.ByteLevel(), decoders.Replace("\n ", "\n"), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens(_special(marks))
    return _finished(tokenizer, marks)


def _pieces() -> pre_tokenizers.PreTokenizer:
    """Words with the space before them, and every digit apart."""
    digits = pre_tokenizers.Digits(individual_digits=True)
    return pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])


def _special(marks: Sequence[str]) -> list[AddedToken]:
    return [AddedToken(mark, special=True, normalized=False) for mark in (PAD, *marks)]


def _finished(tokenizer: Tokenizer, marks: Sequence[str]) -> PreTrainedTokenizerFast:
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
