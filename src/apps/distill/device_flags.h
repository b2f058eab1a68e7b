#ifndef LLAMBA_APPS_DISTILL_DEVICE_FLAGS_H_
#define LLAMBA_APPS_DISTILL_DEVICE_FLAGS_H_

#include <torch/types.h>

#include <CLI/CLI.hpp>
#include <string>

namespace llamba::distill {

// --device and --threads.
struct DeviceFlags {
  std::string device = "auto";
  int threads = 0;  // 0: one a core, at most 4 beside a GPU
};
void AddDeviceFlags(CLI::App& command, DeviceFlags& flags);

// The device of this worker ("auto": a GPU where there is one; workers of one
// host take GPUs in order). Sets the threads of libtorch and of its BLAS.
// Throws Error where there is no such device.
torch::Device OpenDevice(const DeviceFlags& flags, int local_rank);

}  // namespace llamba::distill

#endif  // LLAMBA_APPS_DISTILL_DEVICE_FLAGS_H_
