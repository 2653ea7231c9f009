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

bool holds_null_character(const value& v) {
  switch (v.kind()) {
  case kind::string:
    return v.as_string().find('\0') != std::string::npos;
  case kind::array:
    return std::any_of(v.items().begin(), v.items().end(), holds_null_character);
  case kind::object:
    return std::any_of(v.members().begin(), v.members().end(), [](const member& m) {
      return m.name.find('\0') != std::string::npos || holds_null_character(m.value);
    });
  default:
    return false;
  }
}

} // namespace cued::json
