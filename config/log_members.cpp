#include "config/log_members.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "domain/json/value.hpp"

namespace cued::config {

namespace {

constexpr std::string_view separator = "; ";

/// Members every line has; a message cannot say them again.
constexpr std::array<std::string_view, 4> taken{"timestamp", "level", "logger", "message"};

using members = std::vector<std::pair<std::string_view, std::string_view>>;

bool is_name(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

/// Nothing if any word is not of the form `name=value`, or a name comes twice.
members read_members(std::string_view text) {
  members out;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto equals = word.find('=');
    const auto name = word.substr(0, equals);
    const bool known = std::find(taken.begin(), taken.end(), name) != taken.end() ||
                       std::any_of(out.begin(), out.end(), [&](const auto& one) { return one.first == name; });
    if (equals == std::string_view::npos || !is_name(name) || known)
      return {};
    out.emplace_back(name, word.substr(equals + 1));
  }
  return out;
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  json::append_quoted(out, name);
  out += ':';
  json::append_quoted(out, value);
}

} // namespace

std::string json_members(std::string_view message) {
  const auto at = message.rfind(separator);
  members found;
  if (at != std::string_view::npos)
    found = read_members(message.substr(at + separator.size()));
  std::string out;
  append_member(out, "message", found.empty() ? message : message.substr(0, at));
  for (const auto& [name, value] : found) {
    if (value.empty()) // not known
      continue;
    out += ',';
    append_member(out, name, value);
  }
  return out;
}

} // namespace cued::config
