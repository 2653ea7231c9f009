#pragma once

#include <limits>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "config/settings.hpp"

namespace cued::config {

/// How much of a value may be shown.
enum class secrecy { open, secret, password_in_url };

/// Where in `settings` a variable's value goes; its type decides how the text is read.
using setting_member = std::variant<std::string settings::*, int settings::*, double settings::*, bool settings::*,
                                    std::vector<std::string> settings::*>;

/// One row of the table that reading, checking, `cued config` and the documentation share.
struct setting {
  static constexpr double any_more = std::numeric_limits<int>::max();

  const char* name; ///< of the variable; the member has the same in lower case
  setting_member member;
  const char* meaning;
  const char* unit = "";
  double least = 0; ///< with `most`: what a number must lie within; both 0: any
  double most = 0;
  const char* choices = ""; ///< `once|both`; empty: any text
  secrecy shown = secrecy::open;
  const char* default_words = nullptr; ///< for a default that is computed; otherwise settings{} tells it
};

[[nodiscard]] std::span<const setting> setting_table();

/// By upper-case name; nullptr if there is none.
[[nodiscard]] const setting* find_setting(const std::string& upper_case_name);

/// Puts `text` into the member; the reason why not, if it is not a value of this setting.
[[nodiscard]] std::optional<std::string> assign(const setting& row, settings& into, const std::string& text);

/// The value as text that `assign` would take.
[[nodiscard]] std::string text_of(const setting& row, const settings& from);

/// The same without what must not be seen: `(set, 64 characters)`, `postgresql://cued:***@db/cued`.
[[nodiscard]] std::string shown_text_of(const setting& row, const settings& from);

/// `integer`, `number`, `yes/no`, `text`, `list`.
[[nodiscard]] std::string type_of(const setting& row);

/// `1 to 3600`, `once or both`; empty if anything goes.
[[nodiscard]] std::string range_of(const setting& row);

[[nodiscard]] std::string without_password(const std::string& url);

/// Every value that must never be shown: secrets, and passwords in URLs as they stand there.
[[nodiscard]] std::vector<std::string> secret_values(const settings& from);

} // namespace cued::config
