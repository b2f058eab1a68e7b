#include <gtest/gtest.h>

#include "base/error.h"
#include "model/checkpoint.h"
#include "tests/shared_material.h"

namespace llamba {
namespace {

struct Real {
  const char* path;
  const char* layout;
  size_t tensors;      // counted in the files by another program
  int64_t parameters;  // of these
};

// Counts by Python's safetensors and gguf: elements of all tensors (MLX: of the
// matrices that the groups hold).
constexpr Real kReal[] = {
    {"models/llama-mini", "Hugging Face, llama", 74, 27795968},
    {"models/llamba-mini-ref", "Hugging Face, llamba", 90, 32088640},
    {"models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf",
     "GGUF, llama", 272, 134515008},
    {"models/stories260k", "Hugging Face, llama", 47, 260032},
    {"models/stories260k-llamba", "Hugging Face, llamba", 57, 352872},
    {"published/pt-groups-silu", "Hugging Face, llamba", 36, 529996},
    {"published/pt-odd", "Hugging Face, llamba", 34, 173280},
    {"published/mlx-4bit", "MLX", 36, 702988},
};

class RealCheckpoint : public testing::TestWithParam<Real> {};

TEST_P(RealCheckpoint, OpensWithEveryTensor) {
  const Real& real = GetParam();
  LLAMBA_NEED_SHARED(path, real.path);
  const Checkpoint checkpoint = OpenCheckpoint(path);
  EXPECT_EQ(checkpoint.path, path);
  EXPECT_EQ(checkpoint.layout, real.layout);
  EXPECT_EQ(checkpoint.tensors.size(), real.tensors);
  EXPECT_EQ(checkpoint.config.NumParameters(), real.parameters);
}

INSTANTIATE_TEST_SUITE_P(All, RealCheckpoint, testing::ValuesIn(kReal));

}  // namespace
}  // namespace llamba
