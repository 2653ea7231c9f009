#include <algorithm>
#include <array>
#include <utility>

#include "http/routes/device_html.hpp"
#include "http/server/target.hpp"
#include "security/html_escaping.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: a device code, then an e-mail address, then a token, whatever they hold.
namespace {

using namespace cued::http;
using cued::fuzz::require;
using cued::fuzz::require_equal;
using cued::security::html_escaped;

std::string unescaped(std::string text) {
  constexpr std::array<std::pair<std::string_view, char>, 5> entities{
      {{"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}, {"&amp;", '&'}}};
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto rest = std::string_view{text}.substr(at);
    const auto* const found =
        std::find_if(entities.begin(), entities.end(), [&](const auto& e) { return rest.starts_with(e.first); });
    out += found == entities.end() ? rest[0] : found->second;
    at += found == entities.end() ? 1 : found->first.size();
  }
  return out;
}

/// What of a page a browser takes for markup.
std::string markup(const std::string& page) {
  std::string out;
  for (const char c : page)
    if (c == '<' || c == '>' || c == '"' || c == '\'')
      out += c;
  return out;
}

void check_page(const response& page, const response& harmless) {
  require_equal(markup(page.body), markup(harmless.body), "what a client sent adds no markup");
  require(page.headers == harmless.headers, "what a client sent changes no header");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cued::fuzz::input in{data, size};
  const auto code = in.line(), email = in.line(), token = in.rest();
  const std::string everything{reinterpret_cast<const char*>(data), size};

  const auto escaped = html_escaped(everything);
  require(escaped.find_first_of("<>\"'") == std::string::npos, "no character of markup is left");
  require_equal(unescaped(escaped), everything, "a browser shows what was sent");

  const auto encoded = percent_encoded(everything);
  require(encoded.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%") ==
              std::string::npos,
          "only unreserved characters and escapes are left");
  const auto decoded = read_query("x=" + encoded);
  require_equal(decoded.front().second, valid_utf8(everything), "an encoded value is read back");

  check_page(device_page(code, "nonce"), device_page("ABCD-EFGH", "nonce"));
  for (const bool asks_for_key : {false, true})
    check_page(confirm_page(code, email, asks_for_key), confirm_page("ABCD-EFGH", "a@b.com", asks_for_key));
  check_page(verified_page("https://app.example/#x", token, email, "nonce"),
             verified_page("https://app.example/#x", "token", "a@b.com", "nonce"));
  check_page(refused_page(404, token), refused_page(404, "gone"));
  return 0;
}
