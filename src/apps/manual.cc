#include <fmt/format.h>

#include <sstream>

#include "apps/help.h"
#include "base/ascii_case.h"
#include "llamba/version.h"

namespace llamba {
namespace {

// Text that roff takes literally: backslashes and dashes escaped, no line that
// starts with a control character.
std::string Escape(const std::string& text) {
  std::string escaped;
  bool line_start = true;
  for (char c : text) {
    if (line_start && (c == '.' || c == '\'')) escaped += "\\&";
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else if (c == '\'') {
      escaped += "\\(aq";
    } else if (c == '`') {
      escaped += "\\(ga";
    } else if (c == '~') {
      escaped += "\\(ti";
    } else if (c == '^') {
      escaped += "\\(ha";
    } else {
      escaped += c;
    }
    line_start = c == '\n';
  }
  return escaped;
}

// A paragraph of running text: as roff likes it, a sentence a line, and no line
// longer than 78 characters.
std::string Paragraph(const std::string& text) {
  constexpr size_t kWidth = 78;
  std::string paragraph, line;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const bool full = Escape(line).size() + 1 + Escape(word).size() > kWidth;
    if (!line.empty() && (full || line.ends_with('.'))) {
      paragraph += Escape(line) + '\n';
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  return paragraph + Escape(line) + '\n';
}

// Examples: titles as text, indented lines as they are.
std::string Examples(const std::string& text) {
  std::string out;
  bool literal = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const bool indented = line.starts_with("  ");
    if (indented && !literal) out += ".PP\n.RS 4\n.nf\n";
    if (!indented && literal) out += ".fi\n.RE\n";
    if (!indented && !line.empty()) out += ".PP\n";
    if (!line.empty()) out += Escape(indented ? line.substr(2) : line) + "\n";
    literal = indented;
  }
  if (literal) out += ".fi\n.RE\n";
  return out;
}

std::string Options(const CommandText& text) {
  std::string out;
  for (const auto& [group, options] : text.groups) {
    for (const OptionText& option : options) {
      out += fmt::format(".TP\n\\fB{}\\fR", Escape(option.names));
      if (!option.value.empty()) {
        out += fmt::format(" \\fI{}\\fR", Escape(option.value));
      }
      out += fmt::format("\n{}", Paragraph(option.meaning));
    }
  }
  return out;
}

std::string CommandSection(const CLI::App& command) {
  const CommandText text = Describe(command);
  std::string out = fmt::format(".SS {}\n", Escape(text.usage));
  out += Paragraph(text.summary + ".");
  if (!text.details.empty()) out += ".PP\n" + Paragraph(text.details);
  return out + Options(text) + Examples(text.examples);
}

// Of the text; the clock would make every build another one.
constexpr char kDate[] = "2026-11-25";

constexpr char kEnvironment[] = R"(.SH ENVIRONMENT
.TP
\fBNO_COLOR\fR
Where it is set and not empty, nothing is coloured.
.SH EXIT STATUS
0 when all went well, 1 after an error (what was wrong is on the standard
error), 130 when Ctrl\-C ended the work.
)";

}  // namespace

std::string ManualPage(const CLI::App& program) {
  const CommandText text = Describe(program);
  const std::string name = Escape(text.name);
  std::string page = fmt::format(".TH {} 1 {} \"{} {}\" \"User Commands\"\n",
                                 AsciiUpper(name), kDate, name, kVersion);
  page += fmt::format(".SH NAME\n{} \\- {}\n", name, Escape(text.summary));
  page += fmt::format(".SH SYNOPSIS\n.B {}\n{}\n", name,
                      Escape("COMMAND [OPTIONS]"));
  page += ".SH DESCRIPTION\n" +
          Paragraph(text.details.empty() ? text.summary + "." : text.details);
  page += Examples(text.examples);
  page += ".SH OPTIONS\n" + Options(text);
  page += ".SH COMMANDS\n";
  for (const CLI::App* command : SubCommands(program)) {
    page += CommandSection(*command);
  }
  return page + kEnvironment;
}

}  // namespace llamba
