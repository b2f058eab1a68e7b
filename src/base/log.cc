#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "base/status_line.h"

namespace llamba {
namespace {

class SinkAboveStatus : public spdlog::sinks::stderr_color_sink_mt {
 public:
  using spdlog::sinks::stderr_color_sink_mt::stderr_color_sink_mt;
  void log(const spdlog::details::log_msg& message) override {
    PrintAboveStatus(
        [&] { spdlog::sinks::stderr_color_sink_mt::log(message); });
  }
};

}  // namespace

bool UseColor(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  return isatty(fd) != 0 && (no_color == nullptr || *no_color == '\0');
}

void InitLogging(spdlog::level::level_enum level) {
  const auto mode = UseColor(STDERR_FILENO) ? spdlog::color_mode::always
                                            : spdlog::color_mode::never;
  auto logger = std::make_shared<spdlog::logger>(
      "llamba", std::make_shared<SinkAboveStatus>(mode));
  logger->set_pattern("%^%l%$: %v");
  logger->set_level(level);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace llamba
