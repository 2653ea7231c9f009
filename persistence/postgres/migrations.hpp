#pragma once

#include <string_view>
#include <vector>

namespace cued::persistence {

/// One file of `persistence/migrations/`, compiled into the program. Numbers 1 and 2 are the reference's schema and its
/// repairs; from 3 on they are ours and counted in `cued.schema_version`. A migration that was released never changes.
struct migration {
  int number = 0;
  std::string_view name; ///< `0003_own`
  std::string_view sql;
};

/// All of them in order of their numbers. The definition is written by cmake/cued_embed.cmake.
[[nodiscard]] std::vector<migration> migrations();

inline constexpr int reference_schema_migration = 1;
inline constexpr int repairs_migration = 2;
inline constexpr int first_own_migration = 3;

} // namespace cued::persistence
