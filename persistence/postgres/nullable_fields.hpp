#pragma once

#include <optional>
#include <string>

#include "persistence/postgres/connection.hpp"

/// Columns that may be NULL, as values. Pure, any thread.
namespace cued::persistence {

[[nodiscard]] inline std::optional<std::string> text_or_nothing(const pqxx::field& field) {
  return field.is_null() ? std::nullopt : std::optional{field.as<std::string>()};
}

[[nodiscard]] inline std::optional<instant> instant_or_nothing(const pqxx::field& field) {
  return field.is_null() ? std::nullopt : std::optional{read_instant(field.c_str())};
}

} // namespace cued::persistence
