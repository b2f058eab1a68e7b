#include "eval/samples.h"

#include <map>
#include <nlohmann/json.hpp>

namespace llamba {

std::string SampleLines(const Task& task, const TaskItems& items,
                        const std::vector<SequenceScore>& scores) {
  using Json = nlohmann::ordered_json;
  const std::vector<ItemScore> item_scores = ScoreItems(items, scores);
  std::map<std::string, int64_t> ids;
  std::string lines;
  size_t request = 0;
  for (size_t i = 0; i < items.items.size(); ++i) {
    const Item& item = items.items[i];
    const std::string name = NameOf(task, item.subject);
    Json line = {
        {"task", name}, {"doc_id", ids[name]++}, {"target", item.gold}};
    for (const Option& option : item.options) {
      const SequenceScore& score = scores[request++];
      line["arguments"].push_back({option.context, option.continuation});
      line["filtered_resps"].push_back({score.log_likelihood, score.greedy});
    }
    for (const Metric metric : task.metrics) {
      const auto value = OfItem(metric, item_scores[i]);
      if (value) line[NameOf(metric)] = *value;
    }
    lines += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return lines;
}

}  // namespace llamba
