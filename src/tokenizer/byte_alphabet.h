#ifndef LLAMBA_TOKENIZER_BYTE_ALPHABET_H_
#define LLAMBA_TOKENIZER_BYTE_ALPHABET_H_

#include <string>
#include <string_view>

namespace llamba {

// GPT-2's spelling of bytes as printable characters, in which tokenizer.json
// and GGUF write the tokens and merges of byte-level BPE: printable Latin-1
// bytes are themselves, the other 68 are U+0100.. in order (a space is U+0120).

std::string BytesToAlphabet(std::string_view bytes);

// A text with any character outside the alphabet stands for its own bytes, as
// in the PyPI package `tokenizers`.
std::string AlphabetToBytes(std::string_view text);

}  // namespace llamba

#endif  // LLAMBA_TOKENIZER_BYTE_ALPHABET_H_
