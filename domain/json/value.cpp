#include "domain/json/value.hpp"

#include <algorithm>

namespace cued::json {

value value::boolean(bool b) {
  value v;
  v.kind_ = kind::boolean;
  v.boolean_ = b;
  return v;
}

value value::number(std::string text) {
  value v;
  v.kind_ = kind::number;
  v.text_ = std::move(text);
  return v;
}

value value::number(std::int64_t n) { return number(std::to_string(n)); }

value value::string(std::string utf8) {
  value v;
  v.kind_ = kind::string;
  v.text_ = std::move(utf8);
  return v;
}

value value::array(std::vector<value> items) {
  value v;
  v.kind_ = kind::array;
  v.items_ = std::move(items);
  return v;
}

value value::object(std::vector<member> members) {
  value v;
  v.kind_ = kind::object;
  v.members_ = std::move(members);
  return v;
}

const value* value::find(std::string_view name) const {
  auto found = std::find_if(members_.begin(), members_.end(), [&](const member& m) { return m.name == name; });
  return found == members_.end() ? nullptr : &found->value;
}

namespace {

/// True if `found` says so of any member name or string, at any depth.
template <class Test>
bool any_text(const value& v, const Test& found) {
  switch (v.kind()) {
  case kind::string:
    return found(v.as_string());
  case kind::array:
    return std::any_of(v.items().begin(), v.items().end(), [&](const value& item) { return any_text(item, found); });
  case kind::object:
    return std::any_of(v.members().begin(), v.members().end(),
                       [&](const member& m) { return found(m.name) || any_text(m.value, found); });
  default:
    return false;
  }
}

} // namespace

bool holds_null_character(const value& v) {
  return any_text(v, [](std::string_view text) { return text.find('\0') != std::string_view::npos; });
}

bool holds_lone_surrogate(std::string_view text) {
  // What would be U+D800 to U+DFFF, and nothing else, begins like this.
  for (auto at = text.find('\xED'); at != std::string_view::npos; at = text.find('\xED', at + 1))
    if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) >= 0xA0)
      return true;
  return false;
}

bool holds_lone_surrogate(const value& v) {
  return any_text(v, [](std::string_view text) { return holds_lone_surrogate(text); });
}

} // namespace cued::json
