#include "domain/json/value.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include <simdjson.h>

#include "domain/json/encoding.hpp"
#include "domain/json/number.hpp"
#include "domain/json/surrogates.hpp"

namespace cued::json {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t integer_digits_max = 4300; // where the reference's parser stops (spec/http.md §2)
constexpr std::string_view blanks = " \t\n\r";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

tl::unexpected<error> malformed() { return fail(400, "invalid_json", "Request body is not valid JSON"); }
tl::unexpected<error> unreadable() { return fail(400, "http_error", "There was an error parsing the body"); }

tl::unexpected<error> refused(simdjson::error_code code) {
  return code == simdjson::UTF8_ERROR ? unreadable() : malformed();
}

std::string_view without_trailing_blanks(std::string_view text) {
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

/// Keeps each name once: in the place of its first member, with the value of its last.
void keep_last_of_each_name(std::vector<member>& members) {
  std::vector<std::size_t> order(members.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const int names = members[a].name.compare(members[b].name);
    return names != 0 ? names < 0 : a < b;
  });
  std::vector<bool> dropped(members.size(), false);
  bool any = false;
  for (std::size_t first = 0, i = 1; i < order.size(); ++i) {
    if (members[order[i]].name != members[order[first]].name) {
      first = i;
      continue;
    }
    members[order[first]].value = std::move(members[order[i]].value);
    dropped[order[i]] = true;
    any = true;
  }
  if (!any)
    return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < members.size(); ++i)
    if (!dropped[i]) {
      if (kept != i)
        members[kept] = std::move(members[i]);
      ++kept;
    }
  members.resize(kept);
}

/// Walks a whole document. simdjson's on-demand front end checks only what it is asked for, so every value is asked
/// for; and it knows no integer beyond 64 bits, so numbers are taken as text.
class reader {
public:
  /// `document_end`: where its text ends.
  reader(std::size_t depth_limit, lone_surrogates surrogates, const char* document_end)
      : depth_limit_(depth_limit), surrogates_(surrogates), end_(document_end) {}

  result<value> read(ondemand::value from, std::size_t depth) {
    ondemand::json_type type;
    if (auto code = from.type().get(type))
      return refused(code);
    switch (type) {
    case ondemand::json_type::object:
      return depth < depth_limit_ ? read_object(from, depth + 1) : result<value>(unreadable());
    case ondemand::json_type::array:
      return depth < depth_limit_ ? read_array(from, depth + 1) : result<value>(unreadable());
    case ondemand::json_type::string:
      return read_string(from);
    case ondemand::json_type::number:
      return read_number(from);
    default:
      return read_literal(from);
    }
  }

private:
  result<value> read_object(ondemand::value from, std::size_t depth) {
    ondemand::object object;
    if (auto code = from.get_object().get(object))
      return refused(code);
    std::vector<member> members;
    for (auto entry : object) {
      ondemand::field field;
      if (auto code = std::move(entry).get(field))
        return refused(code);
      const char* raw = field.key().raw();
      auto name = text_of(field.unescaped_key(), raw);
      if (!name)
        return fail(std::move(name.error()));
      auto item = read(field.value(), depth);
      if (!item)
        return item;
      members.push_back({std::move(*name), std::move(*item)});
    }
    if (members.size() > 1)
      keep_last_of_each_name(members);
    return value::object(std::move(members));
  }

  result<value> read_array(ondemand::value from, std::size_t depth) {
    ondemand::array array;
    if (auto code = from.get_array().get(array))
      return refused(code);
    std::vector<value> items;
    for (auto entry : array) {
      ondemand::value element;
      if (auto code = std::move(entry).get(element))
        return refused(code);
      auto item = read(element, depth);
      if (!item)
        return item;
      items.push_back(std::move(*item));
    }
    return value::array(std::move(items));
  }

  result<value> read_string(ondemand::value from) {
    const char* raw = from.raw_json_token().data() + 1; // behind the opening quote
    return text_of(from.get_string(), raw).map([](std::string text) { return value::string(std::move(text)); });
  }

  /// What simdjson made of the string at `raw`. It knows no lone surrogates, so those are ours.
  result<std::string> text_of(simdjson::simdjson_result<std::string_view> unescaped, const char* raw) const {
    std::string_view text;
    const auto code = std::move(unescaped).get(text);
    if (!code)
      return std::string(text);
    if (code == simdjson::STRING_ERROR && surrogates_ == lone_surrogates::kept)
      if (auto kept = unescaped_with_surrogates(std::string_view(raw, static_cast<std::size_t>(end_ - raw))))
        return std::move(*kept);
    return refused(code);
  }

  static result<value> read_number(ondemand::value from) {
    const auto text = without_trailing_blanks(from.raw_json_token());
    if (!is_number(text))
      return malformed();
    if (is_integer(text) && digit_count(text) > integer_digits_max)
      return unreadable();
    if (!is_finite_number(text))
      return malformed();
    if (is_vanishing(text)) {
      std::string zero;
      append_canonical_number(zero, text);
      return value::number(std::move(zero));
    }
    return value::number(std::string(text));
  }

  static result<value> read_literal(ondemand::value from) {
    const auto text = without_trailing_blanks(from.raw_json_token());
    if (text == "null")
      return value();
    if (text == "true" || text == "false")
      return value::boolean(text == "true");
    return malformed();
  }

  std::size_t depth_limit_;
  lone_surrogates surrogates_;
  const char* end_;
};

result<value> parse_utf8(std::string_view text, std::size_t depth_limit, lone_surrogates surrogates) {
  if (text.starts_with(byte_order_mark))
    text.remove_prefix(byte_order_mark.size());

  // As the only element of an array a lone number or string needs no rules of its own.
  std::string wrapped;
  wrapped.reserve(text.size() + 2 + simdjson::SIMDJSON_PADDING);
  wrapped.append(1, '[').append(text).append(1, ']');
  const auto length = wrapped.size();
  wrapped.append(simdjson::SIMDJSON_PADDING, ' ');

  thread_local ondemand::parser parser;
  ondemand::document document;
  if (auto code = parser.iterate(wrapped.data(), length, wrapped.size()).get(document))
    return refused(code);
  ondemand::array wrapping;
  if (auto code = document.get_array().get(wrapping))
    return refused(code);

  std::optional<value> found;
  for (auto entry : wrapping) {
    ondemand::value element;
    if (auto code = std::move(entry).get(element); code || found)
      return code ? refused(code) : malformed();
    auto read = reader(depth_limit, surrogates, wrapped.data() + length).read(element, 0);
    if (!read)
      return read;
    found = std::move(*read);
  }
  if (!found || document.current_location().error() != simdjson::OUT_OF_BOUNDS) // that is: at the end
    return malformed();
  return std::move(*found);
}

} // namespace

result<value> parse(std::string_view text, std::size_t depth_limit, lone_surrogates surrogates) {
  const auto decoded = from_wide_encoding(text);
  return parse_utf8(decoded ? std::string_view{*decoded} : text, depth_limit, surrogates);
}

} // namespace cued::json
