#include "apps/own_folder.h"

namespace llamba {

std::filesystem::path OwnFolder() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::filesystem::path() : self.parent_path();
}

}  // namespace llamba
