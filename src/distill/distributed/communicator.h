#ifndef LLAMBA_DISTILL_DISTRIBUTED_COMMUNICATOR_H_
#define LLAMBA_DISTILL_DISTRIBUTED_COMMUNICATOR_H_

#include <memory>
#include <string>

#include "distill/tensors.h"

namespace llamba::distill {

// The workers of one run, and what they say to each other. Every worker makes
// the same calls in the same order; a call throws Error where another worker is
// lost or does not answer in time. Tensors are contiguous and on the worker's
// device.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  // shard = this rank's 1/size of the sum over ranks of `full`. float32.
  virtual void ReduceScatter(const Tensor& full, Tensor shard) = 0;
  // full = the ranks' shards, in order of rank. Any type.
  virtual void AllGather(const Tensor& shard, Tensor full) = 0;
  // Sums in place over ranks. float32 or wider.
  virtual void AllReduce(Tensor tensor) = 0;
  virtual void Barrier() = 0;
};

// One worker alone: every call is a copy or nothing.
std::unique_ptr<Communicator> AloneCommunicator();

// Where this process stands among the workers, from the variables that torchrun
// (RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT) or mpirun
// (OMPI_COMM_WORLD_*) set; rank 0 of 1 where there are none.
struct WorkerEnvironment {
  int rank = 0;
  int size = 1;
  int local_rank = 0;
  std::string master_address = "127.0.0.1";
  int master_port = 29500;
};
WorkerEnvironment ReadWorkerEnvironment();

// Alone for one worker; else NCCL where `device` is a GPU and Gloo on CPUs.
// Throws Error where this build has no such back end or the others do not come.
std::unique_ptr<Communicator> MakeCommunicator(const WorkerEnvironment& env,
                                               const torch::Device& device);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_DISTRIBUTED_COMMUNICATOR_H_
