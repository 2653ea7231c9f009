#include <algorithm>

#include <arpa/inet.h>

#include "security/url.hpp"
#include "security/url_guard.hpp"
#include "security/url_host.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: a URL of a user.
namespace {

using namespace cued::security;
using cued::fuzz::require;
using cued::fuzz::require_equal;

bool plain_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

void check_parts(const url& u) {
  require(u.scheme == "http" || u.scheme == "https", "a URL is http or https");
  require(plain_ascii(u.text) && plain_ascii(u.host) && plain_ascii(u.target), "the normal form is plain ASCII");
  require(!u.host.empty() && u.host.find_first_of("/\\?#@%<>[]^|ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos,
          "a host is a name or an address");
  require(u.target.starts_with('/') && u.target.find('#') == std::string::npos, "a target is what is sent");
  const bool bracketed = u.host.find(':') != std::string::npos;
  require(normalise_host(bracketed ? "[" + u.host + "]" : u.host) == u.host, "the host is in its one form");
}

void check_normal_form(const url& u) {
  const auto again = parse_url(u.text);
  require(again.has_value(), "the normal form is a URL");
  require_equal(again->text, u.text, "the normal form is a fixpoint");
  require(*again == u, "the normal form says what was read");
  require(parse_url_strictly(u.text).has_value(), "the normal form passes the strict reading");

  const auto sent = parse_url(u.scheme + "://" + u.authority() + u.target);
  require(sent && sent->host == u.host && sent->port == u.port && sent->target == u.target,
          "Host and target lead to the same place as the URL");
}

/// A host that the C library takes for an IPv4 address, in whatever notation, must be that address or refused.
void compare_with_c_library(const url& u, std::string_view raw) {
  const auto authority = raw.substr(0, raw.find_first_of("/\\?#"));
  const auto host = authority.substr(authority.rfind('@') + 1);
  const auto name = std::string{host.substr(0, host.find(':'))};
  in_addr found{};
  if (!plain_ascii(name) || name.find('%') != std::string::npos || inet_aton(name.c_str(), &found) == 0)
    return;
  const auto* bytes = reinterpret_cast<const unsigned char*>(&found.s_addr);
  require_equal(u.host, address::v4({bytes[0], bytes[1], bytes[2], bytes[3]}).text(),
                "a number that the C library connects to is the address that is judged");
}

void check_guard(std::string_view text, const url& u) {
  url_policy production, development, opened;
  development.plain_http = true;
  opened.allow_loopback = true;
  opened.allow_networks = {*network::parse("10.0.0.0/8")};
  for (const auto& policy : {production, development, opened}) {
    const auto raw = check_text(text, policy);
    const auto normal = check_text(u.text, policy);
    if (!raw) {
      require(raw.error().status == 400, "a refusal is the client's mistake");
      // What is refused for its spelling alone may pass in its normal form, which is another text.
      require(!normal || !parse_url_strictly(text), "the normal form of what is refused is refused");
      continue;
    }
    require(normal.has_value(), "the normal form of what passes passes");
    require(raw->parsed == normal->parsed, "what is judged is what is connected to");
    require(raw->parsed.username.empty() && raw->parsed.password.empty(), "no credentials pass");
    const auto literal = literal_address(raw->parsed);
    if (!literal)
      continue;
    const auto verdict = check_addresses(*raw, {*literal}, policy);
    const bool mine =
        policy.allow_loopback && (is_loopback(*literal) || policy.allow_networks[0].contains(literal->effective()));
    require(!verdict || !is_blocked(*literal) || mine, "no blocked address passes");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto found = parse_url(text);
  const auto strict = parse_url_strictly(text);
  require(!strict || (found && *found == *strict), "the strict reading differs in nothing but what it refuses");
  if (!found) {
    require(!check_text(text, {}), "what is no URL does not pass");
    require(!reason(found.error()).empty(), "a refusal has a reason");
    return 0;
  }
  check_parts(*found);
  check_normal_form(*found);
  check_guard(text, *found);
  if (strict)
    compare_with_c_library(*found, text.substr(text.find("//") + 2));
  const auto stored = normalise_url(text);
  require(stored.has_value() == (text.size() <= url_bytes_max), "whatever is a URL is taken, up to its limit");
  require(!stored || *stored == *found, "what is stored is what was read");
  const auto decoded = percent_decoded(text);
  require(decoded.size() <= text.size(), "decoding makes nothing longer");
  return 0;
}
