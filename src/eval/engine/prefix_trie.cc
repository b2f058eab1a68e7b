#include "eval/engine/prefix_trie.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "base/error.h"

namespace llamba {

PrefixTrie::PrefixTrie(std::span<const ScoreRequest> requests)
    : requests_(requests), order_(requests.size()) {
  std::iota(order_.begin(), order_.end(), size_t{0});
  std::sort(order_.begin(), order_.end(), [&](size_t a, size_t b) {
    const auto x = Inputs(a), y = Inputs(b);
    if (std::equal(x.begin(), x.end(), y.begin(), y.end())) return a < b;
    return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end());
  });
  for (size_t i = 0; i < requests_.size(); ++i) {
    LLAMBA_ASSERT(requests_[i].first >= 1);
    tokens_from_scratch_ += static_cast<int64_t>(Inputs(i).size());
  }
  // Depth first, without recursion: a request may be long.
  roots_ = Fork(0, order_.size(), 0);
  std::vector<size_t> open = roots_;
  while (!open.empty()) {
    const size_t node = open.back();
    open.pop_back();
    const auto [first, last, depth] =
        std::tuple(nodes_[node].first_request, nodes_[node].last_request,
                   nodes_[node].end);
    std::vector<size_t> children = Fork(first, last, depth);
    open.insert(open.end(), children.begin(), children.end());
    nodes_[node].children = std::move(children);
  }
}

std::span<const int32_t> PrefixTrie::Inputs(size_t request) const {
  const std::vector<int32_t>& ids = requests_[request].ids;
  return std::span(ids).first(ids.empty() ? 0 : ids.size() - 1);
}

std::span<const int32_t> PrefixTrie::Tokens(const Node& node) const {
  return Inputs(order_[node.first_request])
      .subspan(node.begin, node.end - node.begin);
}

std::vector<size_t> PrefixTrie::Fork(size_t first, size_t last, size_t depth) {
  std::vector<size_t> made;
  // Requests that end here come first in the order.
  while (first < last && Inputs(order_[first]).size() == depth) ++first;
  while (first < last) {
    const int32_t token = Inputs(order_[first])[depth];
    size_t same = first + 1;
    while (same < last && Inputs(order_[same])[depth] == token) ++same;
    made.push_back(MakeNode(first, same, depth));
    first = same;
  }
  return made;
}

size_t PrefixTrie::MakeNode(size_t first, size_t last, size_t depth) {
  Node node;
  node.first_request = first;
  node.last_request = last;
  node.begin = depth;
  // In lexicographic order, what the first and the last share all share.
  const auto a = Inputs(order_[first]), b = Inputs(order_[last - 1]);
  const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  node.end = static_cast<size_t>(differ.first - a.begin());
  size_t wanted = node.end;
  for (size_t i = first; i < last; ++i) {
    wanted = std::min(wanted, requests_[order_[i]].first - 1);
  }
  node.wanted = std::max(wanted, node.begin);
  tokens_ += static_cast<int64_t>(node.end - node.begin);
  nodes_.push_back(std::move(node));
  return nodes_.size() - 1;
}

}  // namespace llamba
