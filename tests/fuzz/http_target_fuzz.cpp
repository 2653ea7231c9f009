#include <array>

#include "http/server/router.hpp"
#include "http/server/target.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: a request target as a client sends it.
namespace {

using namespace cued::http;
using boost::beast::http::verb;
using cued::fuzz::require;
using cued::fuzz::require_equal;

boost::asio::awaitable<cued::result<response>> (*const nobody)(services&, request&) = nullptr;

const router& routes() {
  static constexpr std::array<std::string_view, 5> patterns{"/v1/cues", "/v1/cues/{id}", "/v1/cues/{id}/fire",
                                                            "/v1/cues/due", "/v1/echo/{rest...}"};
  static const auto table = [] {
    std::vector<route> all;
    for (const auto pattern : patterns)
      all.push_back(route{verb::get, pattern, auth::none, cued::http::body::none, nobody, ""});
    return all;
  }();
  static const router made{table};
  return made;
}

void check_utf8(std::string_view bytes) {
  const auto valid = valid_utf8(bytes);
  require_equal(valid_utf8(valid), valid, "what is valid stays as it is");
}

/// Every byte as `%XX`.
std::string escaped(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

void check_query(const std::vector<std::pair<std::string, std::string>>& query) {
  std::string text;
  for (const auto& [name, value] : query)
    text += (text.empty() ? "" : "&") + escaped(name) + "=" + escaped(value);
  require(read_query(text) == query, "a query that is written anew is read as the same");
}

void check_route(std::string_view path) {
  const auto match = routes().find(verb::get, path);
  if (match.what == router::verdict::found) {
    std::string rebuilt;
    std::size_t next = 0;
    std::string_view pattern = match.to->pattern;
    while (!pattern.empty()) {
      const auto open = pattern.find('{');
      rebuilt += pattern.substr(0, open);
      if (open == std::string_view::npos)
        break;
      rebuilt += match.params.at(next++);
      pattern.remove_prefix(pattern.find('}', open) + 1);
    }
    require(next == match.params.size(), "there is a parameter for each place of the pattern");
    require_equal(rebuilt, path, "a route is found for exactly its own paths");
  }
  if (match.what == router::verdict::trailing_slash) {
    require(match.location.starts_with('/') && !match.location.starts_with("//"), "nobody is sent to another server");
    require(match.location.find_first_of(" \r\n\\") == std::string::npos, "a location is one header value");
    require_equal(read_target(match.location).path + "/", path, "the location is the path without its slash");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view target{reinterpret_cast<const char*>(data), size};
  check_utf8(target);
  const auto parts = read_target(target);
  require(parts.path.size() <= 3 * target.size() + 1, "a path does not grow without limit");
  if (target.find_first_of("%\x80\xff") == std::string_view::npos && target.starts_with('/') &&
      valid_utf8(target) == target)
    require_equal(parts.path, target.substr(0, target.find('?')), "what has no escapes is its own path");
  require_equal(valid_utf8(parts.path), parts.path, "a path is valid UTF-8");
  for (const auto& [name, value] : parts.query)
    require(valid_utf8(name) == name && valid_utf8(value) == value, "names and values are valid UTF-8");
  if (parts.path.starts_with('/'))
    require_equal(read_target(encode_path(parts.path)).path, parts.path, "an encoded path is read back");
  check_query(parts.query);
  check_route(parts.path);
  return 0;
}
