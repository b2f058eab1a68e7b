#include <spdlog/spdlog.h>
#include <torch/torch.h>
#include <torch/version.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <string_view>

#include "base/error.h"
#include "distill/distributed/communicator.h"

#if defined(LLAMBA_GLOO)
#ifndef USE_C10D_GLOO
#define USE_C10D_GLOO
#endif
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif
#if defined(LLAMBA_NCCL)
#ifndef USE_C10D_NCCL
#define USE_C10D_NCCL
#endif
#include <c10/cuda/CUDAFunctions.h>

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif
#if defined(LLAMBA_GLOO) || defined(LLAMBA_NCCL)
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#endif

namespace llamba::distill {
namespace {

#if defined(LLAMBA_GLOO) || defined(LLAMBA_NCCL)

// A lost worker must end the run, not hang it.
constexpr auto kTimeout = std::chrono::minutes(10);

// torchrun says so with this variable.
bool LauncherHoldsStore() {
  const char* value = std::getenv("TORCHELASTIC_USE_AGENT_STORE");
  return value != nullptr && std::string_view(value) == "True";
}

c10::intrusive_ptr<c10d::TCPStore> MakeStore(const WorkerEnvironment& env) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(env.master_port);
  options.isServer = env.rank == 0 && !LauncherHoldsStore();
  options.numWorkers = env.size;
  options.timeout = kTimeout;
  return c10::make_intrusive<c10d::TCPStore>(env.master_address, options);
}

// Over a c10d process group of either back end.
template <typename Group>
class C10dCommunicator : public Communicator {
 public:
  C10dCommunicator(c10::intrusive_ptr<Group> group, bool scatters)
      : group_(std::move(group)), scatters_(scatters) {}
  ~C10dCommunicator() override {
    // NCCL warns of a leak unless it is shut down; the barrier would wait for
    // workers that are lost, so not where an error ends the run.
    if constexpr (requires { group_->shutdown(); }) {
      if (std::uncaught_exceptions() > 0) return;
      try {
        Wait(group_->barrier());
        group_->shutdown();
      } catch (const std::exception& e) {
        spdlog::warn("worker {}: cannot part from the others: {}",
                     group_->getRank(), e.what());
      }
    }
  }

  int rank() const override { return group_->getRank(); }
  int size() const override { return group_->getSize(); }

  void ReduceScatter(const Tensor& full, Tensor shard) override {
    if (scatters_) {
      std::vector<Tensor> outputs{shard};
      std::vector<std::vector<Tensor>> inputs{Shards(full)};
      Wait(group_->reduce_scatter(outputs, inputs));
      return;
    }
    // Gloo has no reduce-scatter: all of the sum, of which one part is kept.
    Tensor sum = full.clone();
    AllReduce(sum);
    shard.copy_(Shards(sum)[rank()]);
  }
  void AllGather(const Tensor& shard, Tensor full) override {
    std::vector<std::vector<Tensor>> outputs{Shards(full)};
    std::vector<Tensor> inputs{shard};
    Wait(group_->allgather(outputs, inputs));
  }
  void AllReduce(Tensor tensor) override {
    std::vector<Tensor> tensors{tensor};
    Wait(group_->allreduce(tensors));
  }
  void Barrier() override { Wait(group_->barrier()); }

 private:
  std::vector<Tensor> Shards(const Tensor& full) const {
    return full.chunk(size());
  }

  template <typename Work>
  void Wait(const Work& work) {
    try {
      work->wait();
    } catch (const std::exception& e) {
      Fail("worker {} of {}: lost the others: {}", rank(), size(), e.what());
    }
  }

  c10::intrusive_ptr<Group> group_;
  bool scatters_;
};

#endif

#if defined(LLAMBA_GLOO)
std::unique_ptr<Communicator> MakeGloo(const WorkerEnvironment& env) {
  using Group = c10d::ProcessGroupGloo;
  auto options = Group::Options::create(kTimeout);
  options->devices.push_back(Group::createDefaultDevice());
  return std::make_unique<C10dCommunicator<Group>>(
      c10::make_intrusive<Group>(MakeStore(env), env.rank, env.size, options),
      false);
}
#endif

#if defined(LLAMBA_NCCL)
std::unique_ptr<Communicator> MakeNccl(const WorkerEnvironment& env) {
  using Group = c10d::ProcessGroupNCCL;
  auto options = Group::Options::create();
  options->timeout = kTimeout;
  return std::make_unique<C10dCommunicator<Group>>(
      c10::make_intrusive<Group>(MakeStore(env), env.rank, env.size, options),
      true);
}
#endif

}  // namespace

std::unique_ptr<Communicator> MakeCommunicator(const WorkerEnvironment& env,
                                               const torch::Device& device) {
  if (env.size == 1) return AloneCommunicator();
  // A variable of another program can ask for workers that nobody starts.
  if (env.rank == 0) {
    spdlog::info("waiting at {}:{} for {} workers in all", env.master_address,
                 env.master_port, env.size);
  }
  try {
    if (device.is_cuda()) {
#if defined(LLAMBA_NCCL)
      return MakeNccl(env);
#endif
    } else {
#if defined(LLAMBA_GLOO)
      return MakeGloo(env);
#endif
    }
  } catch (const c10::Error& e) {
    Fail("worker {} of {}: cannot reach the others at {}:{}: {}", env.rank,
         env.size, env.master_address, env.master_port,
         e.what_without_backtrace());
  }
  Fail("{} workers on {}: this build has no {}", env.size, device.str(),
       device.is_cuda() ? "NCCL" : "Gloo");
}

}  // namespace llamba::distill
