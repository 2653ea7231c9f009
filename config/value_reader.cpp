#include "config/value_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <arpa/inet.h>

namespace cued::config {

namespace {

constexpr std::string_view blanks = " \t\r\n\v\f";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// `+1_000.0` -> `1000`; empty if the text is not of that form.
std::string integer_digits(std::string_view text) {
  std::string out;
  if (text.starts_with('-') || text.starts_with('+')) {
    if (text.front() == '-')
      out += '-';
    text.remove_prefix(1);
  }
  if (const auto point = text.find('.'); point != std::string_view::npos) {
    const auto fraction = text.substr(point + 1);
    if (fraction.empty() || fraction.find_first_not_of('0') != std::string_view::npos)
      return {};
    text = text.substr(0, point);
  }
  if (text.empty() || !is_digit(text.front()) || !is_digit(text.back()))
    return {};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_digit(text[i]))
      out += text[i];
    else if (text[i] != '_' || text[i - 1] == '_')
      return {};
  }
  return out;
}

template <class T>
std::optional<T> whole_text(std::string_view text) {
  T value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc{} && end == text.data() + text.size() && !text.empty() ? std::optional{value}
                                                                                     : std::nullopt;
}

/// What stands behind `http://` or `https://`; nothing for another scheme.
std::optional<std::string_view> behind_web_scheme(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (text.starts_with(scheme))
      return text.substr(scheme.size());
  return std::nullopt;
}

} // namespace

std::optional<int> read_integer(std::string_view text) { return whole_text<int>(integer_digits(trimmed(text))); }

std::optional<double> read_number(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-')
    text.remove_prefix(1);
  const auto value = whole_text<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<bool> read_boolean(std::string_view text) {
  constexpr std::array<std::string_view, 6> yes{"TRUE", "T", "YES", "Y", "ON", "1"};
  constexpr std::array<std::string_view, 6> no{"FALSE", "F", "NO", "N", "OFF", "0"};
  const auto word = upper_case(text);
  if (std::find(yes.begin(), yes.end(), word) != yes.end())
    return true;
  if (std::find(no.begin(), no.end(), word) != no.end())
    return false;
  return std::nullopt;
}

std::vector<std::string> read_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    if (const auto member = trimmed(text.substr(0, end)); !member.empty())
      out.emplace_back(member);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string upper_case(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'a' && c <= 'z')
      c = static_cast<char>(c - 'a' + 'A');
  return out;
}

bool is_web_url(std::string_view text) {
  const auto rest = behind_web_scheme(text);
  return rest && !rest->empty() && rest->find_first_of(blanks) == std::string_view::npos &&
         rest->find_first_of("/?#") != 0;
}

bool is_web_origin(std::string_view text) {
  const auto rest = behind_web_scheme(text);
  return rest && is_web_url(text) && rest->find_first_of("/?#@,*") == std::string_view::npos;
}

bool is_network(std::string_view text) {
  const auto slash = text.find('/');
  const std::string address{text.substr(0, slash)};
  if (address.find('\0') != std::string::npos) // inet_pton would look no further
    return false;
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  int bits = 0;
  if (::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1)
    bits = 32;
  else if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1)
    bits = 128;
  if (bits == 0 || slash == std::string_view::npos)
    return bits != 0;
  const auto prefix = text.substr(slash + 1);
  const auto length = whole_text<unsigned>(prefix);
  if (!length || *length > static_cast<unsigned>(bits))
    return false;
  for (auto bit = *length; bit < static_cast<unsigned>(bits); ++bit) // 10.0.0.1/8 is a host's way to name its network
    if (bytes[bit / 8] >> (7 - bit % 8) & 1)
      return false;
  return true;
}

} // namespace cued::config
