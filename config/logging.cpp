#include "config/logging.hpp"

#include <memory>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "config/log_members.hpp"

namespace cued::config {
namespace {

/// The message, redacted, and as members of an object where the line is JSON. Pattern flag `*`.
class message_flag final : public spdlog::custom_flag_formatter {
public:
  message_flag(log_format format, std::function<std::string(std::string)> redact)
      : format_{format}, redact_{std::move(redact)} {}

  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    auto shown = redact_(std::string{message.payload.data(), message.payload.size()});
    if (format_ == log_format::json_lines)
      shown = json_members(shown);
    out.append(shown.data(), shown.data() + shown.size());
  }

  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<message_flag>(format_, redact_);
  }

private:
  log_format format_;
  std::function<std::string(std::string)> redact_;
};

} // namespace

void start_logging(const std::string& level, log_format format, std::function<std::string(std::string)> redact) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<message_flag>('*', format, std::move(redact));
  formatter->set_pattern(format == log_format::json_lines
                             ? R"({"timestamp":"%Y-%m-%dT%H:%M:%S.%f+00:00","level":"%l","logger":"%n",%*})"
                             : "%H:%M:%S.%e %L %*");
  auto logger = std::make_shared<spdlog::logger>("cued", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(spdlog::level::from_str(level));
  logger->set_formatter(std::move(formatter));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

} // namespace cued::config
