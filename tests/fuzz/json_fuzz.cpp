#include <algorithm>

#include <boost/json/parse.hpp>

#include "domain/json/encoding.hpp"
#include "domain/json/number.hpp"
#include "domain/json/value.hpp"
#include "http/server/target.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: a JSON document, or what is none.
namespace {

using cued::fuzz::require;
using cued::fuzz::require_equal;
namespace json = cued::json;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::size_t digits_of_any_double = 300;

/// Members in one order, so that the same document compares as the same.
json::value sorted(const json::value& v) {
  if (v.kind() == json::kind::array) {
    std::vector<json::value> items;
    for (const auto& item : v.items())
      items.push_back(sorted(item));
    return json::value::array(std::move(items));
  }
  if (v.kind() == json::kind::number) {
    std::string text;
    json::append_canonical_number(text, v.number_text());
    return json::value::number(std::move(text));
  }
  if (v.kind() != json::kind::object)
    return v;
  std::vector<json::member> members;
  for (const auto& m : v.members())
    members.push_back({m.name, sorted(m.value)});
  std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return json::value::object(std::move(members));
}

void check_spellings(const json::value& v) {
  const auto short_text = json::compact(v);
  const auto read = json::parse(short_text);
  require(read && *read == v, "the shortest text is read back as the same value");
  require_equal(json::compact(*read), short_text, "the shortest text is one");

  const auto signed_text = json::canonical(v);
  const auto from_signed = json::parse(signed_text);
  require(from_signed.has_value(), "the signed form is JSON");
  require_equal(json::canonical(*from_signed), signed_text, "the signed form is a fixpoint");
  require(std::all_of(signed_text.begin(), signed_text.end(), [](char c) { return c >= 0x20 && c < 0x7F; }),
          "the signed form is plain ASCII");

  const auto echoed = json::canonical_utf8(v);
  const auto from_echoed = json::parse(echoed);
  require(from_echoed && json::canonical_utf8(*from_echoed) == echoed, "the echoed form is a fixpoint");
  require(*from_echoed == *from_signed, "both canonical forms say the same");
  require(*from_signed == sorted(v), "the signed form says what was sent");
  require_equal(cued::http::valid_utf8(short_text), short_text, "texts are valid UTF-8");

  require(json::spaced_size(v, json::charset::ascii) == signed_text.size(), "sizes are those of the signed spelling");
  require(json::spaced_size(v, json::charset::utf8) <= json::spaced_size(v, json::charset::ascii),
          "UTF-8 is never longer than ASCII with escapes");
  require(json::holds_null_character(v) ==
              (signed_text.find("\\u0000") != std::string::npos && json::holds_null_character(*from_signed)),
          "U+0000 is seen wherever it stands");
}

/// `"\\ud800"` may be kept for whoever tells of it; everything else is read alike.
void check_lone_surrogates(std::string_view text, const cued::result<json::value>& strict) {
  const auto kept = json::parse(text, json::depth_limit_default, json::lone_surrogates::kept);
  if (strict)
    require(kept && *kept == *strict && !json::holds_lone_surrogate(*kept), "what is read strictly is read alike");
  if (strict || !kept)
    return;
  auto plain = json::from_wide_encoding(text).value_or(std::string{text});
  std::replace(plain.begin(), plain.end(), 'D', 'd');
  require(plain.find("\\ud") != std::string::npos, "only lone surrogates are kept");
  if (!json::holds_lone_surrogate(*kept)) // it went with a member whose name came again
    check_spellings(*kept);
}

enum class order { little_endian, big_endian };

void append_unit(std::string& out, std::uint32_t unit, int bytes, order o) {
  for (int i = 0; i < bytes; ++i)
    out += static_cast<char>(unit >> 8 * (o == order::little_endian ? i : bytes - 1 - i));
}

/// Valid UTF-8 in the encodings of RFC 4627 §3.
std::string encoded_wide(std::string_view utf8, int unit_bytes, order o) {
  std::string out;
  while (!utf8.empty()) {
    const auto lead = static_cast<unsigned char>(utf8[0]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    std::uint32_t point = length == 1 ? lead : lead & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; ++i)
      point = point << 6 | (static_cast<unsigned char>(utf8[i]) & 0x3Fu);
    if (unit_bytes == 2 && point > 0xFFFF) {
      append_unit(out, 0xD800 + ((point - 0x10000) >> 10), unit_bytes, o);
      point = 0xDC00 + ((point - 0x10000) & 0x3FF);
    }
    append_unit(out, point, unit_bytes, o);
    utf8.remove_prefix(length);
  }
  return out;
}

void check_wide_encodings(const json::value& v) {
  const auto text = " " + json::compact(v) + " "; // two characters at least, so that the encoding can be told
  for (const int unit_bytes : {2, 4})
    for (const auto o : {order::little_endian, order::big_endian}) {
      const auto read = json::parse(encoded_wide(text, unit_bytes, o));
      require(read && *read == v, "UTF-16 and UTF-32 say the same");
      std::string marked;
      append_unit(marked, 0xFEFF, unit_bytes, o);
      const auto read_marked = json::parse(marked + encoded_wide(text, unit_bytes, o));
      require(read_marked && *read_marked == v, "so they do with a byte order mark");
    }
}

/// Boost.JSON as a second opinion: strict, like ours, but with numbers as doubles.
void compare_with_boost(std::string_view text, const cued::result<json::value>& ours) {
  if (json::from_wide_encoding(text))
    return; // Boost reads UTF-8 only
  if (text.starts_with(byte_order_mark))
    text.remove_prefix(byte_order_mark.size());
  boost::json::parse_options options;
  options.max_depth = 2000;
  boost::json::error_code ec;
  boost::json::parse({text.data(), text.size()}, ec, {}, options);
  // It gives up at exponents that ours takes for 0, and takes those for infinity that ours refuses.
  const bool numbers_may_be_extreme =
      text.find_first_of("eE") != std::string_view::npos || text.size() > digits_of_any_double;
  if (ours && ec)
    require(numbers_may_be_extreme && ec == boost::json::error::exponent_overflow,
            "what we take is JSON for others too");
  if (!ours && !ec)
    require(numbers_may_be_extreme || ours.error().code == "http_error",
            "what others take is taken, but for its limits");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto found = json::parse(text);
  if (found)
    check_spellings(*found);
  else
    require(found.error().status == 400, "what is no JSON is the client's mistake");
  compare_with_boost(text, found);
  check_lone_surrogates(text, found);
  if (found)
    check_wide_encodings(*found);

  // Any bytes can be written as a string.
  std::string quoted;
  json::append_quoted(quoted, cued::http::valid_utf8(text));
  const auto read = json::parse(quoted);
  require(read && read->as_string() == cued::http::valid_utf8(text), "a quoted text is read back");
  return 0;
}
