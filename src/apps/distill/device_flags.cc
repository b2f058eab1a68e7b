#include "apps/distill/device_flags.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>

#include "apps/number_checks.h"
#include "base/error.h"
#include "base/thread_pool.h"

// OpenBLAS has threads of its own where it was built with pthreads (Debian), of
// which libtorch knows nothing. Weak: another BLAS has no such function.
extern "C" [[gnu::weak]] void openblas_set_num_threads(int n_threads);

namespace llamba::distill {

void AddDeviceFlags(CLI::App& command, DeviceFlags& flags) {
  command
      .add_option("--device", flags.device,
                  "Where to compute: auto, cpu, cuda or cuda:N")
      ->type_name("DEVICE")
      ->capture_default_str();
  command
      .add_option("--threads", flags.threads,
                  "Threads on the host (default: one a core; 4 beside a GPU)")
      ->type_name("N")
      ->check(WholeNumber(1, 1024));
}

namespace {

// Idle threads of OpenMP spin: one a core for each of a host's workers keeps
// those that launch kernels from their cores.
constexpr int kThreadsBesideGpu = 4;

void SetThreads(int n_threads) {
  at::set_num_threads(n_threads);
  if (openblas_set_num_threads != nullptr) openblas_set_num_threads(n_threads);
}

// The number of the GPU that `name` stands for, -1 for the CPU.
int ChooseGpu(const std::string& name, int local_rank) {
  const int gpus = at::globalContext().hasCUDA()
                       ? at::detail::getCUDAHooks().getNumGPUs()
                       : 0;
  if (name == "cpu" || (name == "auto" && gpus == 0)) return -1;
  if (name == "auto" || name == "cuda") {
    if (gpus == 0) Fail("--device {}: this build or machine has no GPU", name);
    return local_rank % gpus;
  }
  int index = -1;
  if (name.starts_with("cuda:")) {
    const std::string number = name.substr(5);
    if (!number.empty() && number.size() < 4 &&
        std::all_of(number.begin(), number.end(), ::isdigit)) {
      index = std::stoi(number);
    }
  }
  if (index < 0 || index >= gpus) {
    Fail(
        "--device {}: expected auto, cpu, cuda or cuda:N, N below the number "
        "of GPUs, which is {}",
        name, gpus);
  }
  return index;
}

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
  const int gpu = ChooseGpu(flags.device, local_rank);
  // Not left to OpenMP, which may say 1 whatever the machine has.
  const int n_default = gpu < 0 ? AvailableCores()
                                : std::min(AvailableCores(), kThreadsBesideGpu);
  SetThreads(flags.threads > 0 ? flags.threads : n_default);
  return gpu < 0 ? torch::Device(torch::kCPU) : OpenGpu(gpu);
}

}  // namespace llamba::distill
