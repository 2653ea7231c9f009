#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cued::http {

/// A request target taken apart. Source: spec/http.md §1.1.
struct target_parts {
  std::string path; ///< decoded once; `%2F` is a slash, invalid UTF-8 is U+FFFD
  std::vector<std::pair<std::string, std::string>> query;
};

/// Origin form (`/v1/cues?limit=5`) or absolute form (`http://host/v1/cues`). Never fails: a broken escape stays as
/// it is written.
[[nodiscard]] target_parts read_target(std::string_view target);

/// `a=1&b=%20+` as names and values; `+` is a blank.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> read_query(std::string_view text);

/// The other way round: everything but unreserved characters, `/`, `@` and `:` as `%XX`.
[[nodiscard]] std::string encode_path(std::string_view path);

/// Replaces what is not UTF-8 by U+FFFD.
[[nodiscard]] std::string valid_utf8(std::string_view bytes);

} // namespace cued::http
