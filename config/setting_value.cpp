#include "config/setting_table.hpp"

#include <algorithm>
#include <type_traits>

#include "config/value_reader.hpp"

namespace cued::config {

namespace {

/// Calls `visit` with the value the row points at.
template <class Settings, class Visitor>
auto with_value(const setting& row, Settings& values, Visitor visit) {
  return std::visit([&](auto member) { return visit(values.*member); }, row.member);
}

std::string number_text(double value) {
  auto text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.'))
    text.pop_back();
  return text;
}

bool has_range(const setting& row) { return row.least != 0 || row.most != 0; }

template <class Number>
std::optional<std::string> assign_number(const setting& row, Number& into, std::optional<Number> read,
                                         const char* expected) {
  if (!read)
    return std::string{"is not "} + expected;
  if (has_range(row) && (*read < row.least || *read > row.most))
    return "must be " + range_of(row) + ", not " + number_text(*read);
  into = *read;
  return std::nullopt;
}

std::optional<std::string> assign_text(const setting& row, std::string& into, const std::string& text) {
  const std::string choices = std::string{"|"} + row.choices + "|";
  if (row.choices[0] != '\0' && (text.empty() || choices.find("|" + text + "|") == std::string::npos))
    return "must be " + range_of(row) + ", not '" + text + "'";
  into = text;
  return std::nullopt;
}

struct stretch {
  std::size_t from, size;
};

/// Where the passwords of a URL are, in order: before the host, and in parameters.
std::vector<stretch> passwords_in(const std::string& url) {
  constexpr std::string_view parameter = "password="; // also the end of sslpassword=
  std::vector<stretch> out;
  // Up to the last @ of all: a password that is not percent-encoded may hold anything, also a question mark.
  const auto scheme = url.find("://");
  const auto at = scheme == std::string::npos ? scheme : url.rfind('@');
  const auto colon = at == std::string::npos ? at : url.find(':', scheme + 3);
  if (colon != std::string::npos && colon < at)
    out.push_back({colon + 1, at - colon - 1});
  const auto end = out.empty() ? 0 : at;
  for (auto from = url.find(parameter, end); from != std::string::npos; from = url.find(parameter, from)) {
    from += parameter.size();
    out.push_back({from, std::min(url.find('&', from), url.size()) - from});
  }
  return out;
}

} // namespace

std::optional<std::string> assign(const setting& row, settings& into, const std::string& text) {
  return with_value(row, into, [&](auto& value) -> std::optional<std::string> {
    using type = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<type, int>) {
      return assign_number(row, value, read_integer(text), "a whole number");
    } else if constexpr (std::is_same_v<type, double>) {
      return assign_number(row, value, read_number(text), "a number");
    } else if constexpr (std::is_same_v<type, bool>) {
      const auto read = read_boolean(text);
      if (!read)
        return "is neither true nor false (true, yes, on, 1 / false, no, off, 0)";
      value = *read;
    } else if constexpr (std::is_same_v<type, std::string>) {
      return assign_text(row, value, text);
    } else {
      value = read_list(text);
    }
    return std::nullopt;
  });
}

std::string text_of(const setting& row, const settings& from) {
  return with_value(row, from, [](const auto& value) -> std::string {
    using type = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<type, int>) {
      return std::to_string(value);
    } else if constexpr (std::is_same_v<type, double>) {
      return number_text(value);
    } else if constexpr (std::is_same_v<type, bool>) {
      return value ? "true" : "false";
    } else if constexpr (std::is_same_v<type, std::string>) {
      return value;
    } else {
      std::string out;
      for (const auto& member : value)
        out += (out.empty() ? "" : ",") + member;
      return out;
    }
  });
}

std::string shown_text_of(const setting& row, const settings& from) {
  auto text = text_of(row, from);
  if (row.shown == secrecy::open || text.empty())
    return text;
  return row.shown == secrecy::secret ? "(set, " + std::to_string(text.size()) + " characters)"
                                      : without_password(text);
}

std::string type_of(const setting& row) {
  const settings values;
  return with_value(row, values, [](const auto& value) -> std::string {
    using type = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<type, int>)
      return "integer";
    else if constexpr (std::is_same_v<type, double>)
      return "number";
    else if constexpr (std::is_same_v<type, bool>)
      return "yes/no";
    else if constexpr (std::is_same_v<type, std::string>)
      return "text";
    else
      return "list";
  });
}

std::string range_of(const setting& row) {
  std::string choices = row.choices;
  if (!choices.empty()) {
    for (auto at = choices.find('|'); at != std::string::npos; at = choices.find('|', at))
      choices.replace(at, 1, choices.find('|', at + 1) == std::string::npos ? " or " : ", ");
    return choices;
  }
  if (!has_range(row))
    return "";
  return row.most == setting::any_more ? "at least " + number_text(row.least)
                                       : number_text(row.least) + " to " + number_text(row.most);
}

std::string without_password(const std::string& url) {
  std::string out = url;
  const auto passwords = passwords_in(url);
  for (auto one = passwords.rbegin(); one != passwords.rend(); ++one)
    out.replace(one->from, one->size, "***");
  return out;
}

std::vector<std::string> secret_values(const settings& from) {
  std::vector<std::string> out;
  for (const auto& row : setting_table()) {
    const auto text = text_of(row, from);
    if (row.shown == secrecy::secret && !text.empty())
      out.push_back(text);
    if (row.shown == secrecy::password_in_url)
      for (const auto& one : passwords_in(text))
        if (one.size > 0)
          out.push_back(text.substr(one.from, one.size));
  }
  return out;
}

} // namespace cued::config
