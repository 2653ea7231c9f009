#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/validation/readers.hpp"

/// Members that hold an e-mail address; the value is its normalised form (spec/auth.md §2.1).
namespace cued::http {

[[nodiscard]] std::string read_email(object_reader& body, std::string_view name);
[[nodiscard]] std::optional<std::string> read_optional_email(object_reader& body, std::string_view name);

} // namespace cued::http
