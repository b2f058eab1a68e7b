#include "distill/train/maps.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace llamba::distill {
namespace {

constexpr int64_t kTokens = 256, kSize = 64, kLayers = 4;

// Up to four of the student's recurrent layers, first and last among them.
std::vector<int> SomeLayers(const ModelConfig& student) {
  std::vector<int> recurrent, some;
  for (int layer = 0; layer < student.n_layer; ++layer) {
    if (student.mixers[layer] == MixerKind::kMamba2) recurrent.push_back(layer);
  }
  const auto n = static_cast<int64_t>(recurrent.size());
  const int64_t wanted = std::min(n, kLayers);
  for (int64_t i = 0; i < wanted; ++i) {
    some.push_back(recurrent[wanted == 1 ? 0 : i * (n - 1) / (wanted - 1)]);
  }
  return some;
}

// (T, T) -> size x size cells.
std::vector<uint8_t> Cells(const Tensor& matrix, int64_t size) {
  const int64_t block = matrix.size(0) / size;
  const Tensor pooled = matrix.to(torch::kFloat32)
                            .reshape({size, block, size, block})
                            .sum(3)
                            .mean(1);
  const Tensor cells = (pooled.abs().clamp_max(1).sqrt() * pooled.sign() * 127)
                           .round()
                           .add(128)
                           .to(torch::kCPU, torch::kUInt8)
                           .contiguous();
  const auto* data = cells.data_ptr<uint8_t>();
  return {data, data + cells.numel()};
}

std::string Base64(const std::vector<uint8_t>& bytes) {
  constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? bytes[i + k] : 0U);
    }
    for (size_t k = 0; k < 4; ++k) {
      out += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return out;
}

}  // namespace

MapsSnapshot TakeMaps(const LayerStack& teacher, const LayerStack& student,
                      const Batch& batch) {
  const torch::NoGradGuard no_grad;
  MapsSnapshot out;
  const int64_t most = std::min(batch.ids.size(1), kTokens);
  out.size = std::min(most, kSize);
  out.n_tokens = most / out.size * out.size;
  const Batch part{batch.ids.slice(1, 0, out.n_tokens),
                   batch.segments.slice(1, 0, out.n_tokens).contiguous()};
  const LayerContext teacher_context = teacher.MakeContext(part);
  const LayerContext student_context = student.MakeContext(part);
  const std::vector<int> layers = SomeLayers(student.config());
  Tensor x = teacher.Embed(part.ids);
  int done = 0;
  for (const int layer : layers) {
    for (; done < layer; ++done) x = teacher.Block(done, x, teacher_context);
    const Tensor attention = teacher.MixingMatrix(layer, x, teacher_context)[0];
    const Tensor mixing = student.MixingMatrix(layer, x, student_context)[0];
    const auto heads = static_cast<int>(mixing.size(0));
    for (int head = 0; head < heads; head += std::max(1, heads / 2)) {
      if (head / std::max(1, heads / 2) == 2) break;
      out.heads.push_back({layer, head, Cells(attention[head], out.size),
                           Cells(mixing[head], out.size)});
    }
  }
  return out;
}

std::string MapsToJson(const MapsSnapshot& maps, int stage, int64_t step,
                       bool with_teacher) {
  nlohmann::ordered_json json{{"stage", stage},
                              {"step", step},
                              {"n_tokens", maps.n_tokens},
                              {"size", maps.size}};
  for (const HeadMaps& head : maps.heads) {
    nlohmann::ordered_json one{{"layer", head.layer}, {"head", head.head}};
    if (with_teacher) one["teacher"] = Base64(head.teacher);
    one["student"] = Base64(head.student);
    json["heads"].push_back(std::move(one));
  }
  return json.dump();
}

}  // namespace llamba::distill
