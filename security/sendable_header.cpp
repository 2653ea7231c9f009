#include "security/sendable_header.hpp"

#include <algorithm>
#include <array>

#include "domain/letter_case.hpp"

namespace cued::security {

namespace {

bool is_token_character(unsigned char c) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         marks.find(static_cast<char>(c)) != std::string_view::npos;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool equal_in_any_case(std::string_view a, std::string_view in_lower_case) {
  return std::ranges::equal(a, in_lower_case, [](char x, char y) { return lower_case(x) == y; });
}

} // namespace

bool is_sendable_header(std::string_view name, std::string_view value) {
  if (name.empty() || !std::ranges::all_of(name, is_token_character))
    return false;
  if (!value.empty() && (is_blank(value.front()) || is_blank(value.back())))
    return false;
  return std::ranges::all_of(value, [](unsigned char c) { return (c >= 0x20 && c < 0x7f) || c == '\t'; });
}

bool is_framing_header(std::string_view name) {
  constexpr std::array<std::string_view, 10> framing{
      "connection", "content-length",    "expect",  "host", "keep-alive", "proxy-connection", "te",
      "trailer",    "transfer-encoding", "upgrade",
  };
  return std::ranges::any_of(framing, [&](std::string_view one) { return equal_in_any_case(name, one); });
}

bool is_reserved_header(std::string_view name) {
  constexpr std::array<std::string_view, 6> signing{
      "x-cueapi-signature", "x-cueapi-signature-previous", "x-cueapi-timestamp",
      "webhook-id",         "webhook-timestamp",           "webhook-signature",
  };
  return is_framing_header(name) ||
         std::ranges::any_of(signing, [&](std::string_view one) { return equal_in_any_case(name, one); });
}

} // namespace cued::security
