#ifndef LLAMBA_APPS_DISTILL_FOLDER_NAME_H_
#define LLAMBA_APPS_DISTILL_FOLDER_NAME_H_

#include <CLI/CLI.hpp>

namespace llamba::distill {

// For CLI::Option::check of a folder to write: refuses the name of a model's
// file, which would become a folder's.
CLI::Validator FolderName();

}  // namespace llamba::distill

#endif  // LLAMBA_APPS_DISTILL_FOLDER_NAME_H_
