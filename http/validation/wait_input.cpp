#include "http/validation/wait_input.hpp"

#include <charconv>
#include <cmath>

namespace cued::http {
namespace {

constexpr const char* wait_refused = "Input should be a number of seconds between 0 and 30";

std::optional<std::chrono::milliseconds> seconds_in(std::string_view text) {
  double seconds = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (failed != std::errc{} || end != text.data() + text.size() || !(seconds >= 0) ||
      seconds > std::chrono::duration<double>{wait_at_most}.count())
    return std::nullopt;
  return std::chrono::milliseconds{std::llround(seconds * 1000)};
}

} // namespace

std::chrono::milliseconds read_wait(object_reader& body) {
  const auto* given = body.free_value("wait");
  if (!given)
    return {};
  const auto wait = given->kind() == json::kind::number ? seconds_in(given->number_text()) : std::nullopt;
  if (!wait)
    body.reject("wait", wait_refused);
  return wait.value_or(std::chrono::milliseconds{0});
}

std::chrono::milliseconds read_wait(query_reader& query) {
  const auto given = query.optional_text("wait");
  if (!given)
    return {};
  const auto wait = seconds_in(*given);
  if (!wait)
    query.reject("wait", wait_refused);
  return wait.value_or(std::chrono::milliseconds{0});
}

} // namespace cued::http
