// Writes tests/data/checkpoint/libtorch.pt with libtorch's own pickler and zip
// writer:
//   g++ -std=c++17 -I/usr/include/torch/csrc/api/include \
//     tools/make_libtorch_fixture.cc -ltorch -ltorch_cpu -lc10
//   ./a.out tests/data/checkpoint/libtorch.pt
#include <torch/serialize.h>
#include <torch/torch.h>

#include <fstream>

int main(int argc, char** argv) {
  if (argc != 2) return 1;
  const auto floats = torch::arange(6, torch::kFloat32).reshape({2, 3});
  c10::Dict<std::string, at::Tensor> tensors;
  tensors.insert("floats", floats);
  tensors.insert("transposed", floats.t());
  tensors.insert("row", floats[1]);
  tensors.insert("halves", torch::arange(3).to(torch::kHalf));
  tensors.insert("brains", torch::arange(3).to(torch::kBFloat16));
  tensors.insert("scalar", torch::tensor(int64_t{-9}));
  const std::vector<char> bytes = torch::pickle_save(tensors);
  std::ofstream(argv[1], std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return 0;
}
