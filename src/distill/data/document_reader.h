#ifndef LLAMBA_DISTILL_DATA_DOCUMENT_READER_H_
#define LLAMBA_DISTILL_DATA_DOCUMENT_READER_H_

#include <cstdint>
#include <fstream>
#include <istream>
#include <memory>
#include <optional>
#include <string>

namespace llamba::distill {

// One document as a file gives it.
struct Document {
  std::string text;
  // Not empty: a conversation, the JSON array `messages` of a JSONL line, for
  // the chat template; text is empty then.
  std::string messages_json;
  std::string where;  // "FILE: line 3", "FILE: document 3": for errors
};

// Documents of a file, one after the other, without reading it whole. A name
// that ends in .jsonl gives one a line (field `text` or `messages`), any other
// is text whose documents `separator` parts. "-" reads text from standard
// input.
class DocumentReader {
 public:
  // Throws Error naming the path.
  DocumentReader(const std::string& path, std::string separator);

  // Empty at the end of the file. Throws Error naming file and line of what is
  // no JSON object with one of the two fields, or a conversation of no message.
  std::optional<Document> Next();
  // Bytes read so far, for progress.
  int64_t bytes_read() const { return bytes_read_; }

 private:
  std::optional<Document> NextLine();
  std::optional<Document> NextPart();
  void ReadMore();

  std::string path_, separator_;
  std::string buffer_;  // what was read; documents before begin_ were given
  size_t begin_ = 0;
  std::ifstream file_;
  std::istream* in_;
  bool jsonl_;
  int64_t line_ = 0, n_parts_ = 0, bytes_read_ = 0;
};

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_DATA_DOCUMENT_READER_H_
