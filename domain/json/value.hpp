#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/error.hpp"

/// JSON as users send it. A number keeps its text, so that 1.10 or an integer of thirty digits goes through us
/// unchanged; nothing is ever turned into a double unless canonical() has to print one.
namespace cued::json {

enum class kind { null, boolean, number, string, array, object };

class value;
struct member;

/// A parsed document or a part of one. A plain value: copy, move, compare.
class value {
public:
  value() = default; ///< null
  static value boolean(bool b);
  static value number(std::string text); ///< `text` must be a JSON number
  static value number(std::int64_t n);
  static value string(std::string utf8);
  static value array(std::vector<value> items);
  static value object(std::vector<member> members);

  [[nodiscard]] json::kind kind() const { return kind_; }
  [[nodiscard]] bool is_null() const { return kind_ == json::kind::null; }

  [[nodiscard]] bool as_boolean() const { return boolean_; }
  [[nodiscard]] const std::string& number_text() const { return text_; }
  [[nodiscard]] const std::string& as_string() const { return text_; } ///< UTF-8, unescaped
  [[nodiscard]] const std::vector<value>& items() const { return items_; }
  [[nodiscard]] const std::vector<member>& members() const { return members_; } ///< in order, each name once

  /// The member of that name, or nullptr. Of duplicates in the text the last one was kept.
  [[nodiscard]] const value* find(std::string_view name) const;

  bool operator==(const value&) const = default;

private:
  json::kind kind_ = json::kind::null;
  bool boolean_ = false;
  std::string text_;
  std::vector<value> items_;
  std::vector<member> members_;
};

struct member {
  std::string name;
  json::value value;
  bool operator==(const member&) const = default;
};

/// `"\ud800"` without its other half: no text that UTF-8 can hold. Kept ones are for holds_lone_surrogate() to find and
/// must go nowhere else.
enum class lone_surrogates { refused, kept };

inline constexpr std::size_t depth_limit_default = 500;

/// Reads one document (simdjson does the work). UTF-8, also with BOM, and UTF-16 and UTF-32. Errors, as spec/http.md §2
/// wants them:
///   400 `invalid_json`  malformed, trailing text, NaN/Infinity, raw control characters, lone surrogates that are
///   refused 400 `http_error`    invalid UTF-8, nested deeper than `depth_limit`, integer of more than 4300 digits
[[nodiscard]] result<value> parse(std::string_view text, std::size_t depth_limit = depth_limit_default,
                                  lone_surrogates surrogates = lone_surrogates::refused);

/// Shortest text: no blanks, UTF-8 unescaped, numbers as they were written, members in their order.
[[nodiscard]] std::string compact(const value& v);

/// The one byte form that is signed (spec/delivery.md §5.1): members sorted by code point, `, ` and `: `, ASCII only,
/// doubles as their shortest round-trip decimal.
[[nodiscard]] std::string canonical(const value& v);

/// The form of the body echo (spec/http.md §8): sorted, `,` `:`, UTF-8 unescaped, numbers as in canonical().
[[nodiscard]] std::string canonical_utf8(const value& v);

/// Bytes of the document when written with `, ` and `: `: what size limits are counted in.
enum class charset { utf8, ascii };
[[nodiscard]] std::size_t spaced_size(const value& v, charset c);

/// True if any member name or string, at any depth, holds U+0000.
[[nodiscard]] bool holds_null_character(const value& v);

/// The same for a lone surrogate that parse() kept.
[[nodiscard]] bool holds_lone_surrogate(const value& v);
[[nodiscard]] bool holds_lone_surrogate(std::string_view text);

/// Appends `text` as a JSON string with its quotes, UTF-8 left as it is.
void append_quoted(std::string& out, std::string_view text);

/// Writes one JSON text from left to right; commas are its own business.
///   writer w; w.begin_object().key("id").string(id).key("n").number(3).key("raw").raw(text).end_object(); w.str()
class writer {
public:
  writer() = default;
  explicit writer(std::size_t bytes_expected) { out_.reserve(bytes_expected); }

  writer& begin_object();
  writer& end_object();
  writer& begin_array();
  writer& end_array();
  writer& key(std::string_view name);
  writer& string(std::string_view text);
  writer& number(std::int64_t n);
  writer& boolean(bool b);
  writer& null();
  writer& raw(std::string_view json_text); ///< a value that is JSON text already
  writer& string_or_null(const std::optional<std::string>& text);
  writer& number_or_null(const std::optional<std::int64_t>& n);
  writer& raw_or_null(const std::optional<std::string>& json_text);
  [[nodiscard]] std::string str() &&;
  [[nodiscard]] const std::string& view() const { return out_; }

private:
  void separate();
  std::string out_;
  bool after_value_ = false;
};

} // namespace cued::json
