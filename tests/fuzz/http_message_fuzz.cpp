#include <algorithm>
#include <optional>
#include <vector>

#include <boost/asio/buffer.hpp>

#include "http/server/message_parser.hpp"
#include "http/server/route.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: one byte that says how the message is cut into pieces, then the message of a client.
namespace {

using namespace cued::http;
using boost::beast::error_code;
using cued::fuzz::require;
using cued::fuzz::require_equal;
using parse_error = boost::beast::http::error;

constexpr std::size_t fields_max = 32;
constexpr std::uint64_t body_bytes_max = 2048;

struct reading {
  request got;
  bool done = false;
  bool header_done = false;
  bool refused = false;
  bool chunked = false;
  std::size_t used = 0; ///< bytes up to the end of the message
};

/// Reads as connection.cpp does: what the parser leaves is offered again with what comes next.
reading read(std::string_view message, std::size_t piece) {
  reading out;
  message_parser parser{out.got, fields_max};
  parser.header_limit(64 * 1024);
  parser.body_limit(boost::none);
  std::string waiting;
  while (!out.refused && !parser.is_done()) {
    error_code ec;
    const auto taken = parser.put(boost::asio::buffer(waiting), ec);
    waiting.erase(0, taken);
    out.used += taken;
    if (parser.is_header_done() && !out.header_done) {
      out.header_done = true;
      out.chunked = parser.chunked();
      out.refused = parser.has_unreadable_coding();
      parser.eager(true);
      if (parser.chunked())
        parser.body_limit(body_bytes_max);
      if (!ec && !waiting.empty())
        continue;
    }
    if (ec && ec != parse_error::need_more)
      out.refused = true;
    if (out.refused || parser.is_done() || message.empty())
      break;
    waiting.append(message.substr(0, piece));
    message.remove_prefix(std::min(piece, message.size()));
  }
  out.done = parser.is_done() && !out.refused;
  return out;
}

std::size_t count(const request& in, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(in.headers.begin(), in.headers.end(), [&](const auto& header) {
    return std::equal(header.first.begin(), header.first.end(), name.begin(), name.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
  }));
}

/// What no two programs in a row may understand differently (RFC 9112 §11.2).
void check_header(const reading& r) {
  const auto& in = r.got;
  require(in.headers.size() <= fields_max, "the number of header fields is limited");
  require(count(in, "host") <= 1, "there is one Host at most");
  require(count(in, "content-length") <= 1 && count(in, "transfer-encoding") <= 1, "the length is said once at most");
  require(count(in, "content-length") + count(in, "transfer-encoding") <= 1, "the length is said in one way");
  require(count(in, "transfer-encoding") == 0 || (r.chunked && !in.http_1_0),
          "a coding whose end is unknown is refused");
  require(!in.target.empty() && in.target.find_first_of(" \r\n\t") == std::string::npos, "a target has no blanks");
  for (const auto& [name, value] : in.headers) {
    require(!name.empty() && name.find_first_of(" \t\r\n:") == std::string::npos, "a name is a token");
    require(value.find_first_of("\r\n") == std::string::npos && value.find('\0') == std::string::npos,
            "a value is one line");
    require(value.empty() || (value.front() != ' ' && value.back() != ' '), "a value has no blanks around it");
  }
}

/// Chunks read by the letter of RFC 9112 §7.1, without extensions; nothing for everything else.
std::optional<std::string> plainly_unchunked(std::string_view text) {
  std::string body;
  for (;;) {
    const auto end = text.find("\r\n");
    if (end == std::string_view::npos || end == 0 || end > 4)
      return std::nullopt;
    std::size_t size = 0;
    const auto read = std::from_chars(text.data(), text.data() + end, size, 16);
    if (read.ptr != text.data() + end || read.ec != std::errc{})
      return std::nullopt;
    text.remove_prefix(end + 2);
    if (size == 0)
      return text.starts_with("\r\n") ? std::optional{body} : std::nullopt;
    if (text.size() < size + 2 || text.substr(size, 2) != "\r\n")
      return std::nullopt;
    body += text.substr(0, size);
    text.remove_prefix(size + 2);
  }
}

void check_body(const reading& r, std::string_view message) {
  const auto head_end = message.find("\r\n\r\n");
  if (!r.header_done || r.refused || head_end == std::string_view::npos)
    return;
  const auto after = message.substr(head_end + 4);
  if (r.chunked) {
    require(r.got.body.size() <= body_bytes_max, "a chunked body has a limit");
    const auto wanted = plainly_unchunked(after);
    if (wanted && wanted->size() <= body_bytes_max) {
      require(r.done, "a well-formed chunked body is read to its end");
      require_equal(r.got.body, *wanted, "a chunked body is its chunks");
    }
    return;
  }
  const auto* length = r.got.header("content-length");
  if (r.done)
    require_equal(std::to_string(r.got.body.size()), length ? std::to_string(std::stoull(*length)) : "0",
                  "a body has the length that was said");
}

/// What was understood, written plainly, is understood as the same.
void check_rewritten(const reading& r) {
  std::string message{std::string{boost::beast::http::to_string(r.got.method)} + " " + r.got.target +
                      (r.got.http_1_0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n")};
  for (const auto& [name, value] : r.got.headers)
    message += name + ": " + value + "\r\n";
  message += "\r\n";
  if (r.chunked)
    return;
  const auto again = read(message + r.got.body, message.size() + r.got.body.size());
  require(again.done && again.got.headers == r.got.headers && again.got.body == r.got.body &&
              again.got.target == r.got.target && again.got.method == r.got.method,
          "what was understood is understood again");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2)
    return 0;
  const std::string_view message{reinterpret_cast<const char*>(data) + 1, size - 1};
  const auto whole = read(message, message.size());
  const auto pieces = read(message, 1 + data[0] % 64);
  require(whole.done == pieces.done && whole.header_done == pieces.header_done, "the cut into pieces changes nothing");
  if (whole.header_done) {
    require(whole.got.headers == pieces.got.headers && whole.got.target == pieces.got.target,
            "the head does not depend on the cut into pieces");
    if (!whole.refused)
      check_header(whole);
  }
  if (whole.done) {
    require_equal(pieces.got.body, whole.got.body, "the body does not depend on the cut into pieces");
    require(whole.used == pieces.used, "the next message begins at the same byte");
    if (whole.got.method != boost::beast::http::verb::unknown)
      check_rewritten(whole);
  }
  check_body(whole, message);
  return 0;
}
