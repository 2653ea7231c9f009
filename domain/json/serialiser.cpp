#include "domain/json/value.hpp"

#include <algorithm>
#include <array>

#include "domain/json/number.hpp"

namespace cued::json {
namespace {

/// How a document is spelled. Every serialiser of this file is one of these.
struct spelling {
  std::string_view item_separator;
  std::string_view name_separator;
  charset characters;
  bool sorted;            ///< members by code point, which in UTF-8 is byte order
  bool canonical_numbers; ///< else as they were written
};

constexpr spelling compact_spelling{",", ":", charset::utf8, false, false};
constexpr spelling signed_spelling{", ", ": ", charset::ascii, true, true};
constexpr spelling echo_spelling{",", ":", charset::utf8, true, true};

/// What follows the backslash in the two-character escapes; 0 where there is none.
constexpr char short_escape(unsigned char c) {
  switch (c) {
  case '"':
  case '\\':
    return static_cast<char>(c);
  case '\n':
    return 'n';
  case '\r':
    return 'r';
  case '\t':
    return 't';
  case '\b':
    return 'b';
  case '\f':
    return 'f';
  default:
    return 0;
  }
}

void append_unicode_escape(std::string& out, unsigned unit) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4)
    out += hex[(unit >> shift) & 0xF];
}

using byte_set = std::array<bool, 256>;

constexpr byte_set escaped_bytes(charset characters) {
  byte_set out{};
  for (unsigned c = 0; c < out.size(); ++c)
    out[c] = c < 0x20 || c == '"' || c == '\\' || (characters == charset::ascii && c > 0x7E);
  return out;
}

constexpr byte_set escaped_in_utf8 = escaped_bytes(charset::utf8);
constexpr byte_set escaped_in_ascii = escaped_bytes(charset::ascii);

const byte_set& escaped_in(charset characters) {
  return characters == charset::utf8 ? escaped_in_utf8 : escaped_in_ascii;
}

struct code_point {
  unsigned number;
  std::size_t bytes;
};

/// The code point that begins at `text[0]`. Strings of a value are valid UTF-8, so only the bounds are looked after.
code_point first_code_point(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  unsigned number = bytes == 1 ? lead : lead & (0x7Fu >> bytes);
  for (std::size_t i = 1; i < std::min(bytes, text.size()); ++i)
    number = number << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  return {number, std::min(bytes, text.size())};
}

/// Appends the escape of what begins at `text[0]`; returns how many bytes that was.
std::size_t append_escape(std::string& out, std::string_view text) {
  if (const char letter = short_escape(static_cast<unsigned char>(text[0]))) {
    out += '\\';
    out += letter;
    return 1;
  }
  const auto [number, bytes] = first_code_point(text);
  if (number < 0x10000) {
    append_unicode_escape(out, number);
  } else {
    append_unicode_escape(out, 0xD800 + ((number - 0x10000) >> 10));
    append_unicode_escape(out, 0xDC00 + ((number - 0x10000) & 0x3FF));
  }
  return bytes;
}

void append_quoted(std::string& out, std::string_view text, charset characters) {
  const auto& escaped = escaped_in(characters);
  out += '"';
  std::size_t plain_from = 0, at = 0;
  while (at < text.size()) {
    if (!escaped[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    out.append(text.substr(plain_from, at - plain_from));
    at += append_escape(out, text.substr(at));
    plain_from = at;
  }
  out.append(text.substr(plain_from));
  out += '"';
}

void append(std::string& out, const value& v, const spelling& how);

void append_object(std::string& out, const std::vector<member>& members, const spelling& how) {
  std::vector<const member*> order;
  order.reserve(members.size());
  for (const auto& m : members)
    order.push_back(&m);
  if (how.sorted)
    std::sort(order.begin(), order.end(), [](const member* a, const member* b) { return a->name < b->name; });
  out += '{';
  std::string_view separator;
  for (const auto* m : order) {
    out.append(separator);
    append_quoted(out, m->name, how.characters);
    out.append(how.name_separator);
    append(out, m->value, how);
    separator = how.item_separator;
  }
  out += '}';
}

void append_array(std::string& out, const std::vector<value>& items, const spelling& how) {
  out += '[';
  std::string_view separator;
  for (const auto& item : items) {
    out.append(separator);
    append(out, item, how);
    separator = how.item_separator;
  }
  out += ']';
}

void append(std::string& out, const value& v, const spelling& how) {
  switch (v.kind()) {
  case kind::null:
    out += "null";
    return;
  case kind::boolean:
    out += v.as_boolean() ? "true" : "false";
    return;
  case kind::number:
    if (how.canonical_numbers)
      append_canonical_number(out, v.number_text());
    else
      out += v.number_text();
    return;
  case kind::string:
    append_quoted(out, v.as_string(), how.characters);
    return;
  case kind::array:
    append_array(out, v.items(), how);
    return;
  case kind::object:
    append_object(out, v.members(), how);
    return;
  }
}

std::string serialise(const value& v, const spelling& how) {
  std::string out;
  append(out, v, how);
  return out;
}

} // namespace

std::string compact(const value& v) { return serialise(v, compact_spelling); }

std::string canonical(const value& v) { return serialise(v, signed_spelling); }

std::string canonical_utf8(const value& v) { return serialise(v, echo_spelling); }

std::size_t spaced_size(const value& v, charset c) {
  // The reference counts what its own serialiser prints, hence numbers in their canonical spelling.
  return serialise(v, spelling{", ", ": ", c, false, true}).size();
}

void append_quoted(std::string& out, std::string_view text) { append_quoted(out, text, charset::utf8); }

} // namespace cued::json
