#include "eval/task.h"

#include "eval/text.h"

namespace llamba {

Item MakeItem(const std::string& context,
              const std::vector<std::string>& choices, int gold) {
  Item item;
  item.gold = gold;
  for (const std::string& choice : choices) {
    item.options.push_back({context, " " + choice, CountCharacters(choice)});
  }
  return item;
}

}  // namespace llamba
