#include "apps/own_folder.h"

namespace llamba {

std::filesystem::path OwnProgram() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error);
}

std::filesystem::path OwnFolder() { return OwnProgram().parent_path(); }

}  // namespace llamba
