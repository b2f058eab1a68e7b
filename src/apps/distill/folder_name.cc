#include "apps/distill/folder_name.h"

#include <fmt/format.h>

#include "base/file.h"

namespace llamba::distill {

CLI::Validator FolderName() {
  const auto check = [](const std::string& name) -> std::string {
    const bool is_file =
        name.ends_with(".gguf") || name.ends_with(".safetensors");
    if (!is_file || IsDirectory(name)) return "";
    return fmt::format(
        "expected a folder, found the name of a file, '{}' (`llamba convert` "
        "makes FILE.gguf of a student's folder)",
        name);
  };
  return CLI::Validator(check, "");
}

}  // namespace llamba::distill
