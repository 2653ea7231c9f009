#pragma once

#include <functional>
#include <string>

namespace cued::config {

enum class log_format { json_lines, text };

/// Sets up the program's one logger (spdlog's default): standard error, one line per event. JSON lines have
/// `timestamp` (offset form), `level`, `logger`, `message`, and what the message names (config/log_members.hpp), such
/// as `request_id` and `user_id` (spec/http.md §13). Every message passes through `redact` first, so that a secret
/// which found its way into a text does not find its way into the log. Called once, before there are threads.
void start_logging(const std::string& level, log_format format, std::function<std::string(std::string)> redact);

} // namespace cued::config
