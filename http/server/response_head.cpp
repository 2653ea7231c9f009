#include "http/server/response_head.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include <boost/beast/http/status.hpp>
#include <spdlog/spdlog.h>

namespace cued::http {

namespace {

/// The value of `Date`, made anew once a second in each thread.
const std::string& date_now() {
  thread_local std::time_t made_for = 0;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != made_for) {
    static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    gmtime_r(&now, &utc);
    text = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days[static_cast<std::size_t>(utc.tm_wday)],
                       utc.tm_mday, months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                       utc.tm_min, utc.tm_sec);
    made_for = now;
  }
  return text;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  if (!is_sendable_header(name, value)) {
    spdlog::error("response header left out: its value holds control characters; header={}", name);
    return;
  }
  out.append(name).append(": ").append(value).append("\r\n");
}

} // namespace

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

bool is_sendable_header(std::string_view name, std::string_view value) {
  const auto is_control = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; };
  return std::none_of(name.begin(), name.end(), is_control) && std::none_of(value.begin(), value.end(), is_control);
}

void append_head(std::string& out, const response& answer, const framing& how) {
  const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(answer.status));
  out.append("HTTP/1.1 ").append(std::to_string(answer.status)).append(" ");
  out.append(reason.data(), reason.size()).append("\r\n");
  append_field(out, "date", date_now());
  append_field(out, "server", "cued");
  if (may_have_body(answer.status)) {
    if (!answer.body.empty() && !answer.content_type.empty())
      append_field(out, "content-type", answer.content_type);
    append_field(out, "content-length", std::to_string(answer.body.size()));
  }
  for (const auto& [name, value] : answer.headers)
    append_field(out, name, value);
  if (!how.keep_alive)
    append_field(out, "connection", "close");
  else if (how.http_1_0)
    append_field(out, "connection", "keep-alive");
  out.append("\r\n");
}

} // namespace cued::http
