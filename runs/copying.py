"""How a model of a million parameters learns to copy what it has never seen: without that it cannot read at all.

Four parts: a tokenizer in which each word is one token; two attention heads that begin in weak forms of those that
copy; texts in which the next token can only be copied; and samples whose names are exchanged for others, so that none
can be learnt by heart.
"""

import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from deepresearch.training.records import TokenSample
from deepresearch.training.tokenizer import PAD, text_ids

COPIED = 64
"""Tokens of one text of the warm-up."""
EMBEDDINGS, SHARPNESS = 0.1, 6.0
"""Deviation of the first embeddings; how strongly the head that looks back begins."""
WORD_SCORE, BYTE_SCORE = -1.0, -10.0
"""Log-probabilities that make a whole word likelier than the bytes that spell it."""


def word_tokenizer(texts: Iterable[str], marks: Sequence[str]) -> PreTrainedTokenizerFast:
    """A tokenizer in which every word of `texts` is one token, and every other text is written in bytes.

    For closed worlds: a model of a million parameters copies a name of one token sooner than one of three. For the same
    reason a word is the same token at the beginning of a text or line as after a space; so texts are not to be
    tokenised in pieces, as the chat dialect does.
    """
    normalizer = normalizers.Sequence([normalizers.Replace("\n", "\n "), normalizers.Prepend(" ")])
    pieces = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    words = {word for text in texts for word, _ in pieces.pre_tokenize_str(normalizer.normalize_str(text))}
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = [(mark, 0.0) for mark in (PAD, *marks)] + [(byte, BYTE_SCORE) for byte in alphabet]
    vocabulary += [(word, WORD_SCORE) for word in sorted(words - set(alphabet))]
    tokenizer = Tokenizer(models.Unigram(vocabulary))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, pieces
    tokenizer.decoder = decoders.Sequence(
        [decoders.ByteLevel(), decoders.Replace("\n ", "\n"), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in (PAD, *marks)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, additional_special_tokens=list(marks), split_special_tokens=True
    )


def prepare_copying(model: Any, seed: int) -> None:
    """Begin with weak forms of the two heads that copy: one that looks at the token before, and one in the next layer
    that looks for a token after the same one as now, and repeats it. From random weights alone this size needs more
    tokens to find them than the whole recipe has; the copying warm-up makes them work."""
    config = model.config
    width, size = config.hidden_size, config.hidden_size // config.num_attention_heads
    half = size // 2
    frequencies = 10_000.0 ** (-torch.arange(half) / half)
    generator = torch.Generator().manual_seed(seed)
    turned = torch.linalg.qr(torch.randn(width, width, generator=generator))[0]
    read, written = turned[:size], turned[:, :size]
    with torch.no_grad():
        model.get_input_embeddings().weight.mul_(EMBEDDINGS / config.initializer_range)
        for layer in model.model.layers:  # what layers add begins small beside the tokens themselves
            for matrix in (layer.self_attn.o_proj, layer.mlp.down_proj):
                matrix.weight.mul_(0.35)
        before, same = (model.model.layers[n].self_attn for n in (0, 1))
        ones, zeros = torch.ones(half), torch.zeros(half)
        before.k_proj.bias[:size] = SHARPNESS * torch.cat([ones, zeros])
        before.q_proj.bias[:size] = SHARPNESS * torch.cat([frequencies.cos(), -frequencies.sin()])
        for matrix in (before.q_proj, before.k_proj):
            matrix.weight[:size] *= 0.1
        before.v_proj.weight[:size], before.o_proj.weight[:, :size] = read, 0.1 * written
        slow = (torch.cat([frequencies, frequencies]) < 0.05)[:, None]  # dimensions that distance hardly turns
        same.q_proj.weight[:size], same.k_proj.weight[:size] = slow * read, slow * written.T
        same.v_proj.weight[:size], same.o_proj.weight[:, :size] = read, 0.1 * read.T


def free_words(tokenizer: Any) -> list[int]:
    """All tokens that are no marks."""
    marks = set(tokenizer.all_special_ids)
    return [id_ for id_ in range(len(tokenizer)) if id_ not in marks]


def repeated(count: int, words: Sequence[int], seed: int) -> Iterator[TokenSample]:
    """Texts of COPIED tokens by chance that repeat after a while: what comes next can only be copied. In every second
    text they are of few kinds, so that one token before does not tell what follows."""
    rng = random.Random(f"copying {seed}")
    for number in range(count):
        period = rng.randint(4, COPIED // 2)
        kinds = rng.sample(words, max(3, period // 2)) if number % 2 else words
        ids = rng.choices(kinds, k=period) * (COPIED // period + 1)
        yield TokenSample(ids[:COPIED], [float(place >= period) for place in range(COPIED)], kind="copying")


def name_ids(tokenizer: Any, words: Sequence[str], known: Collection[str] = ()) -> list[int]:
    """The tokens of those of `words` that are capitalised, one token each, and not `known`."""
    ids = [text_ids(tokenizer, word) for word in words if word[0].isupper() and word not in known]
    return [one[0] for one in ids if len(one) == 1]


def renamed(sample: TokenSample, names: Sequence[int], rng: random.Random) -> TokenSample:
    """The sample with other names: each token of `names` becomes another one, everywhere the same."""
    other = dict(zip(names, rng.sample(names, len(names)), strict=True))
    return replace(sample, ids=[other.get(one, one) for one in sample.ids])
