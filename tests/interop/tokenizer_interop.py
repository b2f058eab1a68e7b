#!/usr/bin/env python3
"""Compares `llamba tokenize` with the Python packages that tokenizers come from.

    tokenizer_interop.py --llamba PATH/TO/llamba --shared DIR

On the texts of the shared material and on odd strings, ids must equal those of
`tokenizers` (llama-mini, SmolLM2), `tiktoken` (Llama-3) and `sentencepiece`
(Llama-2, stories260k).
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import gguf
import sentencepiece
import tiktoken
import tokenizers
from tiktoken.load import load_tiktoken_bpe

LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

ODD = [
    "",
    " ",
    "  \n\n \t x",
    "I'm they'LL we'Ve 'Sit'ſ ''s 'quote' don't",
    "0 12 345 6789 ½ Ⅷ ٣٤٥ 1,234.56e-7",
    "漢字かな交じり文、한국어 ไทย हिन्दी",
    "👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301 n\u0303o \u0300x",
    "a\u00a0b\u00a0 c\u180ed\u0085e\u2028f\u3000g\u200bh",
    "line\r\nline\r\n\r\n  indented\n\t\ttabs \r x",
    " " * 300 + "x" + "\n" * 70 + "a" * 3000 + "!" * 200 + "1" * 100,
    "<|begin_of_text|> <|im_start|>user <s> </s> <unk> <0x0A>",
    "".join(map(chr, range(1, 0x500))),
]


def smollm2(path):
    """The tokenizer of a GGUF file, as SmolLM2's tokenizer.json has it."""
    fields = gguf.GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    types = fields["tokenizer.ggml.token_type"].contents()
    merges = [m.split(" ") for m in fields["tokenizer.ggml.merges"].contents()]
    vocab = {t: i for i, t in enumerate(tokens) if types[i] != 3}
    model = tokenizers.models.BPE(vocab, [tuple(m) for m in merges])
    result = tokenizers.Tokenizer(model)
    result.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [
            tokenizers.pre_tokenizers.Digits(individual_digits=True),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    return lambda text: result.encode(text, add_special_tokens=False).ids


def llama_mini(path):
    # Special tokens in a text are text to us: the peer must not know them.
    spec = json.loads(path.read_text(encoding="utf-8"))
    spec["added_tokens"] = []
    spec["post_processor"] = None
    result = tokenizers.Tokenizer.from_str(json.dumps(spec))
    return lambda text: result.encode(text, add_special_tokens=False).ids


def llama3(path):
    encoding = tiktoken.Encoding(
        "llama3",
        pat_str=LLAMA3_PATTERN,
        mergeable_ranks=load_tiktoken_bpe(str(path)),
        special_tokens={},
    )
    return encoding.encode_ordinary


def sentence_piece(path):
    return sentencepiece.SentencePieceProcessor(model_file=str(path)).encode


def ours(program, tokenizer, text):
    with tempfile.NamedTemporaryFile("wb") as file:
        file.write(text.encode())
        file.flush()
        command = [program, "tokenize", str(tokenizer), "-f", file.name]
        command += ["--no-bos", "--ids"]
        run = subprocess.run(command, check=True, capture_output=True, text=True)
    return [int(word) for word in run.stdout.split()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--llamba", required=True)
    parser.add_argument("--shared", type=pathlib.Path, required=True)
    flags = parser.parse_args()
    program, shared = flags.llamba, flags.shared / "material"
    if not shared.is_dir():
        print(f"skipped: no test material in {shared}")
        return 77
    smollm2_file = next((shared / "models/smollm2-135m-instruct").glob("*.gguf"))
    llama2_file = shared / "tokenizers/llama2/tokenizer.model"
    llama3_file = shared / "tokenizers/llama3/tokenizer.model"
    stories_file = shared / "models/stories260k/tokenizer.model"
    mini_file = shared / "models/llama-mini/tokenizer.json"
    peers = {
        smollm2_file: smollm2(smollm2_file),
        mini_file: llama_mini(mini_file),
        llama3_file: llama3(llama3_file),
        llama2_file: sentence_piece(llama2_file),
        stories_file: sentence_piece(stories_file),
    }
    texts = {f"odd {i}": text for i, text in enumerate(ODD)}
    for file in sorted((shared / "text").glob("*.txt")):
        texts[file.name] = file.read_bytes().decode()

    wrong = 0
    for path, encode in peers.items():
        for name, text in texts.items():
            expected, found = encode(text), ours(program, path, text)
            if expected == found:
                continue
            wrong += 1
            pairs = zip(expected + [None], found + [None])
            at = next((i for i, (a, b) in enumerate(pairs) if a != b), None)
            print(f"{path}: {name}: token {at}: expected {expected[at:at + 5]}")
            print(f"    found {found[at:at + 5]}")
    print(f"{len(peers)} tokenizers, {len(texts)} texts: {wrong} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
