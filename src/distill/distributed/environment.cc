#include <cstdint>
#include <cstdlib>
#include <limits>

#include "base/error.h"
#include "base/parse_number.h"
#include "distill/distributed/communicator.h"

namespace llamba::distill {
namespace {

// The first of `names` that is set, as a number from `least` to `most`.
int ReadNumber(std::initializer_list<const char*> names, int fallback,
               int least = 0, int most = std::numeric_limits<int>::max()) {
  for (const char* name : names) {
    const char* text = std::getenv(name);
    if (text == nullptr || *text == '\0') continue;
    const auto value = ParseNumber<int>(text);
    if (!value || *value < least || *value > most) {
      Fail("environment: {}: expected a number from {} to {}, found \"{}\"",
           name, least, most, text);
    }
    return *value;
  }
  return fallback;
}

}  // namespace

WorkerEnvironment ReadWorkerEnvironment() {
  WorkerEnvironment env;
  env.rank = ReadNumber({"RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK"}, 0);
  env.size = ReadNumber({"WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}, 1);
  env.local_rank =
      ReadNumber({"LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK"}, env.rank);
  env.master_port = ReadNumber({"MASTER_PORT"}, env.master_port, 1,
                               std::numeric_limits<uint16_t>::max());
  if (const char* address = std::getenv("MASTER_ADDR")) {
    env.master_address = address;
  }
  if (env.size < 1 || env.rank >= env.size) {
    Fail("environment: rank {} of {} workers", env.rank, env.size);
  }
  return env;
}

}  // namespace llamba::distill
