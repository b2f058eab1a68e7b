#include "apps/distill/device_flags.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>

#include "base/error.h"
#include "base/thread_pool.h"

namespace llamba::distill {

void AddDeviceFlags(CLI::App& command, DeviceFlags& flags) {
  command
      .add_option("--device", flags.device,
                  "Where to compute: auto, cpu, cuda or cuda:N")
      ->capture_default_str();
  command
      .add_option("--threads", flags.threads,
                  "Threads on a CPU (default: one a core)")
      ->check(CLI::NonNegativeNumber);
}

namespace {

// Kernels of our own and NCCL run on the thread's current device.
torch::Device OpenGpu(int index) {
  at::globalContext().setAllowTF32CuBLAS(true);
  const torch::Device device(torch::kCUDA,
                             static_cast<c10::DeviceIndex>(index));
  c10::impl::VirtualGuardImpl(torch::kCUDA).setDevice(device);
  return device;
}

}  // namespace

torch::Device OpenDevice(const DeviceFlags& flags, int local_rank) {
  // OpenMP may say 1 whatever the machine has.
  at::set_num_threads(flags.threads > 0 ? flags.threads : AvailableCores());
  const int gpus = at::globalContext().hasCUDA()
                       ? at::detail::getCUDAHooks().getNumGPUs()
                       : 0;
  if (flags.device == "cpu" || (flags.device == "auto" && gpus == 0)) {
    return torch::kCPU;
  }
  if (flags.device == "auto" || flags.device == "cuda") {
    if (gpus == 0)
      Fail("--device {}: this build or machine has no GPU", flags.device);
    return OpenGpu(local_rank % gpus);
  }
  int index = -1;
  if (flags.device.starts_with("cuda:")) {
    const std::string number = flags.device.substr(5);
    if (!number.empty() && number.size() < 4 &&
        std::all_of(number.begin(), number.end(), ::isdigit)) {
      index = std::stoi(number);
    }
  }
  if (index < 0 || index >= gpus) {
    Fail("--device {}: expected auto, cpu, cuda or cuda:N with N below {}",
         flags.device, gpus);
  }
  return OpenGpu(index);
}

}  // namespace llamba::distill
