#include "security/url.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "domain/letter_case.hpp"
#include "security/url_host.hpp"

namespace cued::security {
namespace {

// WHATWG URL, "percent-encode sets": printable characters that are encoded besides controls, DEL and non-ASCII.
constexpr std::string_view fragment_set = " \"<>`";
constexpr std::string_view query_set = " \"#<>'";
constexpr std::string_view path_set = " \"#<>?`{}";
constexpr std::string_view userinfo_set = " \"#<>?`{}/:;=@[\\]^|";

std::string percent_encoded(std::string_view text, std::string_view set) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F && set.find(c) == std::string_view::npos) {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 0xF];
    }
  }
  return out;
}

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_scheme_character(char c) { return is_alpha(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'; }
bool is_control_or_blank(char c) { return static_cast<unsigned char>(c) <= 0x20; }

std::string without_surrounding_and_breaks(std::string_view text) {
  while (!text.empty() && is_control_or_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_control_or_blank(text.back()))
    text.remove_suffix(1);
  std::string out(text);
  std::erase_if(out, [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
  return out;
}

/// Takes `name:` off the front. Nothing if there is none.
std::optional<std::string> take_scheme(std::string_view& text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_alpha(text.front()))
    return std::nullopt;
  const auto name = text.substr(0, colon);
  if (!std::all_of(name.begin(), name.end(), is_scheme_character))
    return std::nullopt;
  text.remove_prefix(colon + 1);
  return lower_case(name);
}

std::uint16_t own_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

/// Port digits behind the colon; none is the scheme's own port.
std::optional<std::uint16_t> port_from(std::string_view digits, std::string_view scheme) {
  if (digits.empty())
    return own_port(scheme);
  std::uint16_t port = 0;
  const auto* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, port);
  if (read.ec != std::errc() || read.ptr != end)
    return std::nullopt;
  return port;
}

void read_userinfo(url& into, std::string_view text) {
  const auto colon = text.find(':');
  into.username = percent_encoded(text.substr(0, colon), userinfo_set);
  if (colon != std::string_view::npos)
    into.password = percent_encoded(text.substr(colon + 1), userinfo_set);
}

std::optional<url_fault> read_authority(url& into, std::string_view text) {
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    read_userinfo(into, text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  const auto bracket = text.starts_with('[') ? text.find(']') : 0;
  const auto colon = bracket == std::string_view::npos ? bracket : text.find(':', bracket);
  const auto host_text = text.substr(0, colon);
  if (host_text.empty())
    return url_fault::empty_host;
  auto host = normalise_host(host_text);
  if (!host)
    return host.error();
  into.host = std::move(*host);
  const auto port = port_from(colon == std::string_view::npos ? "" : text.substr(colon + 1), into.scheme);
  if (!port)
    return url_fault::bad_port;
  into.port = *port;
  return std::nullopt;
}

/// How many dots a path segment is, `%2e` being one too; -1 for any other segment.
int dots_of(std::string_view segment) {
  int dots = 0;
  while (!segment.empty()) {
    const auto width = segment.front() == '.' ? 1u : lower_case(segment.substr(0, 3)) == "%2e" ? 3u : 0u;
    if (width == 0)
      return -1;
    segment.remove_prefix(width);
    ++dots;
  }
  return dots;
}

/// Encodes a path and resolves its `.` and `..`.
std::string normal_path(std::string_view text) {
  std::vector<std::string> segments;
  if (!text.empty())
    text.remove_prefix(1); // its first slash
  for (bool more = true; more;) {
    const auto slash = text.find_first_of("/\\");
    more = slash != std::string_view::npos;
    const auto segment = text.substr(0, slash);
    const int dots = dots_of(segment);
    if (dots == 2 && !segments.empty())
      segments.pop_back();
    if (dots != 1 && dots != 2)
      segments.push_back(percent_encoded(segment, path_set));
    else if (!more)
      segments.emplace_back();
    if (more)
      text.remove_prefix(slash + 1);
  }
  std::string path;
  for (const auto& segment : segments)
    path.append("/").append(segment);
  return path;
}

/// Path, query and fragment. Returns the fragment with its `#`, for the text only.
std::string read_target(url& into, std::string_view text) {
  const auto hash = text.find('#');
  const auto fragment = hash == std::string_view::npos ? std::string_view() : text.substr(hash + 1);
  const auto before = text.substr(0, hash);
  const auto mark = before.find('?');
  into.target = normal_path(before.substr(0, mark));
  if (mark != std::string_view::npos)
    into.target.append("?").append(percent_encoded(before.substr(mark + 1), query_set));
  return hash == std::string_view::npos ? "" : "#" + percent_encoded(fragment, fragment_set);
}

std::optional<unsigned> hex_pair(std::string_view text) {
  unsigned byte = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), byte, 16);
  return text.size() == 2 && read.ptr == text.data() + 2 ? std::optional(byte) : std::nullopt;
}

std::string userinfo_of(const url& u) {
  if (u.username.empty() && u.password.empty())
    return "";
  return u.username + (u.password.empty() ? "" : ":" + u.password) + "@";
}

} // namespace

std::string percent_decoded(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' ? hex_pair(text.substr(i + 1, 2)) : std::nullopt;
    bytes += byte ? static_cast<char>(*byte) : text[i];
    if (byte)
      i += 2;
  }
  return bytes;
}

std::string url::authority() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != own_port(scheme))
    out += ":" + std::to_string(port);
  return out;
}

std::string_view reason(url_fault fault) {
  switch (fault) {
  case url_fault::empty:
    return "input is empty";
  case url_fault::no_scheme:
    return "relative URL without a base";
  case url_fault::other_scheme:
    return "unsupported scheme";
  case url_fault::empty_host:
    return "empty host";
  case url_fault::bad_name:
    return "invalid international domain name";
  case url_fault::bad_ipv4:
    return "invalid IPv4 address";
  case url_fault::bad_ipv6:
    return "invalid IPv6 address";
  case url_fault::bad_port:
    return "invalid port number";
  case url_fault::too_long:
    return "too long";
  case url_fault::ambiguous:
    break;
  }
  return "blanks, control characters or backslashes";
}

tl::expected<url, url_fault> parse_url(std::string_view text) {
  if (text.empty())
    return tl::unexpected(url_fault::empty);
  const auto cleaned = without_surrounding_and_breaks(text);
  std::string_view rest = cleaned;
  auto scheme = take_scheme(rest);
  if (!scheme)
    return tl::unexpected(url_fault::no_scheme);
  if (*scheme != "http" && *scheme != "https")
    return tl::unexpected(url_fault::other_scheme);
  rest.remove_prefix(std::min(rest.find_first_not_of("/\\"), rest.size()));

  url found;
  found.scheme = std::move(*scheme);
  const auto authority_end = std::min(rest.find_first_of("/\\?#"), rest.size());
  if (const auto fault = read_authority(found, rest.substr(0, authority_end)))
    return tl::unexpected(*fault);
  const auto fragment = read_target(found, rest.substr(authority_end));
  found.text = found.scheme + "://" + userinfo_of(found) + found.authority() + found.target + fragment;
  return found;
}

tl::expected<url, url_fault> parse_url_strictly(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), [](char c) { return is_control_or_blank(c) || c == 0x7F; }) ||
      text.substr(0, text.find_first_of("?#")).find('\\') != std::string_view::npos)
    return tl::unexpected(url_fault::ambiguous);
  auto found = parse_url(text);
  if (!found)
    return found;
  const auto after_scheme = text.substr(found->scheme.size() + 1);
  if (!after_scheme.starts_with("//"))
    return tl::unexpected(url_fault::ambiguous);
  if (after_scheme.starts_with("///"))
    return tl::unexpected(url_fault::empty_host);
  return found;
}

result<url> normalise_url(std::string_view text) {
  const auto invalid = [](std::string message) { return fail(422, "validation_error", std::move(message)); };
  auto found = parse_url(text);
  if (found && text.size() > url_bytes_max)
    found = tl::unexpected(url_fault::too_long);
  if (found)
    return std::move(*found);
  switch (found.error()) {
  case url_fault::too_long:
    return invalid("URL should have at most " + std::to_string(url_bytes_max) + " characters");
  case url_fault::other_scheme:
    return invalid("URL scheme should be 'http' or 'https'");
  default:
    return invalid("Input should be a valid URL, " + std::string(reason(found.error())));
  }
}

} // namespace cued::security
