#include "distill/data/tokenize.h"

#include <spdlog/spdlog.h>

#include <memory>

#include "apps/distill/commands.h"
#include "apps/distill/folder_name.h"
#include "apps/distill/interruptible.h"
#include "apps/number_checks.h"
#include "base/counted.h"
#include "tokenizer/tokenizer.h"

namespace llamba::distill {
namespace {

struct TokenizeFlags {
  TokenizeOptions options;
  std::string teacher;
  int threads = 0;
};

void RunTokenize(const TokenizeFlags& flags) {
  if (flags.threads > 0) ThreadPool::SetDefaultThreads(flags.threads);
  const Tokenizer tokenizer = LoadTokenizer(flags.teacher);
  TokenizeResult result;
  Interruptible([&] {
    result = TokenizeFiles(tokenizer, flags.options, ThreadPool::Default());
  });
  spdlog::info("{}, {} in {}, {:.2f} bytes a token",
               Counted(result.n_documents, "document"),
               Counted(result.n_tokens, "token"),
               Counted(result.n_shards, "shard"),
               static_cast<double>(result.n_bytes) /
                   static_cast<double>(std::max<int64_t>(1, result.n_tokens)));
}

}  // namespace

void AddTokenizeCommand(CLI::App& program) {
  const auto flags = std::make_shared<TokenizeFlags>();
  CLI::App* command = program.add_subcommand(
      "tokenize", "Turn text or JSONL files into shards of tokens");
  command
      ->add_option("FILES", flags->options.inputs,
                   "Text, or .jsonl with a field text or messages; - reads "
                   "standard input")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--teacher", flags->teacher,
                   "The teacher, or its tokenizer's folder")
      ->required()
      ->type_name("MODEL");
  command
      ->add_option("-o,--output", flags->options.output,
                   "Folder for the shards")
      ->required()
      ->type_name("DIR")
      ->check(FolderName());
  command
      ->add_option("--separator", flags->options.separator,
                   "What parts the documents of a text; it becomes the "
                   "teacher's document-end token")
      ->capture_default_str();
  command
      ->add_option("--shard-tokens", flags->options.shard_tokens,
                   "Tokens a shard, about")
      ->type_name("N")
      ->capture_default_str()
      ->check(WholeNumber(1));
  command
      ->add_option("--threads", flags->threads, "Threads (default: one a core)")
      ->type_name("N")
      ->check(WholeNumber(1, 1024));
  command->footer(
      "Examples:\n"
      "  llamba-distill tokenize corpus.txt --teacher DIR -o shards\n"
      "  zstd -dc corpus.txt.zst | llamba-distill tokenize - --teacher DIR "
      "-o shards");
  command->callback([flags] { RunTokenize(*flags); });
}

}  // namespace llamba::distill
