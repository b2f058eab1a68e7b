#ifndef LLAMBA_APPS_OWN_FOLDER_H_
#define LLAMBA_APPS_OWN_FOLDER_H_

#include <filesystem>

namespace llamba {

// The running program, and its folder; empty where the system does not say.
std::filesystem::path OwnProgram();
std::filesystem::path OwnFolder();

}  // namespace llamba

#endif  // LLAMBA_APPS_OWN_FOLDER_H_
