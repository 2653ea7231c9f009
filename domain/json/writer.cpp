#include "domain/json/value.hpp"

#include <array>
#include <charconv>

namespace cued::json {

void writer::separate() {
  if (after_value_)
    out_ += ',';
}

writer& writer::begin_object() {
  separate();
  out_ += '{';
  after_value_ = false;
  return *this;
}

writer& writer::end_object() {
  out_ += '}';
  after_value_ = true;
  return *this;
}

writer& writer::begin_array() {
  separate();
  out_ += '[';
  after_value_ = false;
  return *this;
}

writer& writer::end_array() {
  out_ += ']';
  after_value_ = true;
  return *this;
}

writer& writer::key(std::string_view name) {
  separate();
  append_quoted(out_, name);
  out_ += ':';
  after_value_ = false;
  return *this;
}

writer& writer::string(std::string_view text) {
  separate();
  append_quoted(out_, text);
  after_value_ = true;
  return *this;
}

writer& writer::number(std::int64_t n) {
  std::array<char, 20> digits; // "-9223372036854775808"
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), n).ptr;
  return raw({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

writer& writer::boolean(bool b) { return raw(b ? "true" : "false"); }

writer& writer::null() { return raw("null"); }

writer& writer::raw(std::string_view json_text) {
  separate();
  out_.append(json_text);
  after_value_ = true;
  return *this;
}

writer& writer::string_or_null(const std::optional<std::string>& text) { return text ? string(*text) : null(); }

writer& writer::number_or_null(const std::optional<std::int64_t>& n) { return n ? number(*n) : null(); }

writer& writer::raw_or_null(const std::optional<std::string>& json_text) {
  return json_text ? raw(*json_text) : null();
}

std::string writer::str() && { return std::move(out_); }

} // namespace cued::json
