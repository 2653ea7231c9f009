#include "domain/principal.hpp"

#include <array>

namespace cued {

std::string_view name_of(key_scope scope) {
  switch (scope) {
  case key_scope::full:
    return "full";
  case key_scope::read_only:
    return "read_only";
  case key_scope::worker:
    return "worker";
  }
  return "unknown";
}

std::optional<key_scope> scope_named(std::string_view name) {
  for (const auto scope : std::array{key_scope::full, key_scope::read_only, key_scope::worker})
    if (name == name_of(scope))
      return scope;
  return std::nullopt;
}

} // namespace cued
