#!/usr/bin/env python3
"""Makes tests/data/tokenizer: small tokenizers and what Python's packages say.

    make_tokenizer_fixtures.py TEXT_FILE OUT_DIR

Trains a byte-level BPE (PyPI's `tokenizers`) and two SentencePiece BPE models
on a text, and writes the ids of odd strings in cases.json, by pre-tokenizer and
by model.
"""

import json
import pathlib
import sys

import sentencepiece
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIAL = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"]

TEXTS = [
    "",
    " ",
    "   ",
    "Hello, world! It is a fine day.",
    " leading and trailing ",
    "I'm they'LL we'Ve he's 'Sit'\u017f ''s 'quote' don't'd",
    "0 12 345 6789 12345678 \u00bd \u2167 \u0663\u0664\u0665\u0666 1,234.56e-7",
    "\u6f22\u5b57\u304b\u306a \ud55c\uad6d\uc5b4 \u0e44\u0e17\u0e22 \u0939\u093f\u0928\u094d\u0926\u0940",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308!",
    "e\u0301 n\u0303o \u0300x caf\u00e9 na\u00efve",
    "a\u00a0b\u00a0 c\u180ed\u0085e\u2028f\u3000g\u200bh \u00a0\u00a0 i",
    "line\r\nline\r\n\r\n  indented\n\t\ttabs \r x\n\n\n  ",
    "a" + " " * 70 + "b" + "\n" * 30 + "c",
    "x" * 100 + "the" * 60 + "!" * 90 + "1" * 50,
    "the the  the   the",
    "(parenthesis) [bracket] {brace} <tag> a=b; c->d // e\n",
    "\x00\x01\x1f\x7f controls",
    "\u0149 \u01c5 \u1e9e \ufb01 \u2126 \u212a \u1d400 \U0001d400\U0001d7d8",
    "<|begin_of_text|>text<|eot_id|> <s> </s> <unk> <0x0A>",
    "<sep>one<sep><sep> two <sep> three",
]


def byte_level(add_regex):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=add_regex)


PRE_TOKENIZERS = {
    "llama-bpe": pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(LLAMA3), "isolated"), byte_level(False)]
    ),
    "smollm": pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), byte_level(True)]
    ),
    "gpt-2": byte_level(True),
}


def bpe(lines, out):
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = PRE_TOKENIZERS["llama-bpe"]
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        lines,
        trainers.BpeTrainer(
            vocab_size=640,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    # Tokens that no merge leads to: found whole, or not at all.
    spec = json.loads(tokenizer.to_str())
    for word in ["\u0120unmergeable", "xyzzy"]:
        spec["model"]["vocab"][word] = len(spec["model"]["vocab"])
    tokenizer = Tokenizer.from_str(json.dumps(spec))

    ids = {}
    for ignore in [True, False]:
        tokenizer.model.ignore_merges = ignore
        for name, pre in PRE_TOKENIZERS.items():
            tokenizer.pre_tokenizer = pre
            key = name if ignore else name + " merging"
            ids[key] = [tokenizer.encode(t).ids for t in TEXTS + WORDS]
    tokenizer.model.ignore_merges = True
    tokenizer.pre_tokenizer = PRE_TOKENIZERS["llama-bpe"]
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.add_tokens(["<sep>"])
    tokenizer.save(str(out / "tokenizer.json"))
    special = [tokenizer.encode(t).ids for t in TEXTS + WORDS]
    return ids, special


WORDS = [" unmergeable xyzzy", "xyzzy", "unmergeable"]


def sentence_piece(text_file, out, name, **options):
    sentencepiece.SentencePieceTrainer.train(
        input=text_file,
        model_prefix=str(out / name),
        model_type="bpe",
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        minloglevel=2,
        num_threads=1,
        **options,
    )
    (out / f"{name}.vocab").unlink()
    model = sentencepiece.SentencePieceProcessor(model_file=str(out / f"{name}.model"))
    return [model.encode(t) for t in TEXTS + WORDS]


def main():
    text_file, out = sys.argv[1], pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    lines = pathlib.Path(text_file).read_text(encoding="utf-8").splitlines(True)
    ids, special = bpe(lines[:4000], out)
    cases = {
        "texts": TEXTS + WORDS,
        "byte_level": ids,
        "byte_level_special": special,
        "sentencepiece": {
            "bytes": sentence_piece(
                text_file,
                out,
                "bytes",
                vocab_size=600,
                byte_fallback=True,
                user_defined_symbols=["<sep>"],
            ),
            "unknown": sentence_piece(
                text_file, out, "unknown", vocab_size=300, add_dummy_prefix=False
            ),
        },
    }
    text = json.dumps(cases, separators=(",", ":"))
    (out / "cases.json").write_text(text.replace("],[", "],\n["), encoding="utf-8")


if __name__ == "__main__":
    main()
