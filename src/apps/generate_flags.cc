#include "apps/generate_flags.h"

#include "apps/number_checks.h"
#include "apps/output.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "tokenizer/utf8.h"

namespace llamba {
namespace {

// "\n" typed on a command line is meant as a line break.
std::string Unescape(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] == '\\' && (next == 'n' || next == 't' || next == '\\')) {
      out += next == 'n' ? '\n' : next == 't' ? '\t' : '\\';
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

void AddGenerateFlags(CLI::App& command, GenerateFlags& flags,
                      int64_t max_tokens) {
  flags.max_tokens = max_tokens;
  command
      .add_option("-n,--max-tokens", flags.max_tokens,
                  "Write at most N tokens; -1: until the text ends")
      ->type_name("N")
      ->check(WholeNumber(-1))
      ->capture_default_str();
  command
      .add_option("--stop", flags.stop,
                  "Stop before this text (\\n is a line break); may be given "
                  "several times")
      ->type_name("TEXT");
  command.add_flag("--ignore-end", flags.ignore_end,
                   "Go on behind tokens that end a text");
  command.add_flag("--show-special", flags.show_special,
                   "Show special tokens by name");
}

GenerateOptions ToGenerateOptions(const GenerateFlags& flags) {
  GenerateOptions options;
  options.max_tokens = flags.max_tokens;
  for (const std::string& stop : flags.stop) {
    CheckUtf8(stop, "--stop");
    options.stop.push_back(Unescape(stop));
  }
  options.ignore_end = flags.ignore_end;
  options.show_special = flags.show_special;
  options.cancelled = [] { return InterruptGuard::Interrupted(); };
  options.prefill_progress = ShowPrefillProgress;
  return options;
}

}  // namespace llamba
