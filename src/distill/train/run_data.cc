#include "distill/train/run_data.h"

#include <spdlog/spdlog.h>

#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "distill/data/tokenize.h"
#include "distill/teacher/sample_shard.h"
#include "distill/train/source_text.h"

namespace llamba::distill {
namespace {

std::unique_ptr<Mixture> OpenData(const std::vector<SourceRecipe>& sources,
                                  const Recipe& recipe,
                                  const Tokenizer& tokenizer) {
  const uint64_t hash = VocabularyHash(tokenizer);
  std::vector<Mixture::Part> parts;
  for (size_t i = 0; i < sources.size(); ++i) {
    parts.push_back(
        {PackedSource::Open(sources[i].paths,
                            {.sequence_length = recipe.sequence_length,
                             .seed = recipe.seed + i,
                             .document_tokens = sources[i].document_tokens,
                             .copies = sources[i].copies},
                            tokenizer.vocab_size(), hash),
         sources[i].weight});
  }
  return std::make_unique<Mixture>(std::move(parts), recipe.sequence_length,
                                   recipe.seed);
}

// Fewer are no source of data, which would show once they are written.
void CheckWritten(const char* key, int64_t tokens, const Recipe& recipe) {
  if (tokens == 0 || tokens >= recipe.sequence_length) return;
  Fail("recipe: {}: expected {} (one sequence) or more, found {}", key,
       recipe.sequence_length, tokens);
}

// The shard at `path`, which worker 0 lets the teacher write.
void WriteShard(const SampleRecipe& recipe, int64_t tokens, uint64_t seed,
                const DataMakers& makers, const std::string& path) {
  const SampleShardOptions options{
      .tokens = tokens,
      .conversations = recipe.conversations,
      .sampling = {.rows = recipe.rows,
                   .length = recipe.length,
                   .temperature = recipe.temperature,
                   .seed = seed}};
  SampleShard(makers.teacher, makers.tokenizer, options, path);
}

}  // namespace

RunData OpenRunData(const Recipe& recipe, const DataMakers& makers,
                    const std::string& output, bool resumed) {
  const auto sample = [&](const char* name, int64_t tokens, uint64_t seed) {
    const std::string path = fmt::format("{}/data/{}.tokens", output, name);
    if (makers.communicator.rank() == 0) {
      // Text of an earlier run may have been written by another recipe.
      if (resumed && FileExists(path)) {
        spdlog::info("{}: stays as the teacher wrote it", path);
      } else {
        WriteShard(recipe.sample, tokens, seed, makers, path);
      }
    }
    makers.communicator.Barrier();
    return path;
  };
  if (recipe.data.empty() && recipe.sample.tokens == 0) {
    Fail(
        "recipe: no data given (make shards with `llamba-distill tokenize`, or "
        "let the teacher write: sample.tokens)");
  }
  CheckWritten("sample.tokens", recipe.sample.tokens, recipe);
  CheckWritten("sample.held_out_tokens", recipe.sample.held_out_tokens, recipe);
  RunData opened;
  const auto open = [&](const std::vector<SourceRecipe>& sources) {
    return OpenData(sources, recipe, makers.tokenizer);
  };
  // What is there already comes first: the teacher writes for minutes.
  for (const std::string& text : recipe.held_out) {
    opened.held_out.push_back({text, open({ParseHeldOut(text, "held_out")})});
  }
  std::vector<SourceRecipe> data = recipe.data;
  if (!data.empty()) opened.train = open(data);
  if (recipe.sample.tokens > 0) {
    data.push_back({{sample("train", recipe.sample.tokens, 2 * recipe.seed)},
                    recipe.sample.weight});
    opened.train = open(data);
  }
  if (recipe.sample.held_out_tokens > 0) {
    const std::string path =
        sample("held-out", recipe.sample.held_out_tokens, 2 * recipe.seed + 1);
    opened.held_out.push_back({"the teacher's", open({SourceRecipe{{path}}})});
  }
  return opened;
}

}  // namespace llamba::distill
