#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/execution_state.hpp"
#include "domain/instant.hpp"

/// Small forms of what the checks of a run keep by the million.
namespace cued::bench {

/// The id of an execution as its 16 bytes: ordered like Postgres' uuid.
struct execution_key {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const execution_key&) const = default;
};

/// Of the spelling with dashes, 36 characters; nothing if it is another.
[[nodiscard]] std::optional<execution_key> read_execution_key(std::string_view text);
/// Into the 36 characters at `out`, lower case with dashes.
void write_execution_key(const execution_key& key, char* out);
[[nodiscard]] std::string text_of(const execution_key& key);

/// The id of a cue, `cue_` and twelve of [0-9a-z], as a number; 0 if it is none.
[[nodiscard]] std::uint64_t read_cue_key(std::string_view text);
[[nodiscard]] std::string text_of_cue(std::uint64_t key);

/// Names of workers and texts of reports that requests of this harness carry are made of numbers, from 1.
inline constexpr std::uint32_t nobody = 0;                 ///< the column is NULL
inline constexpr std::uint32_t somebody_else = ~0U;        ///< it holds something that this harness never sends
inline constexpr std::size_t digits_of_a_number = 10;      ///< with leading zeros, so that requests keep their length
inline constexpr std::string_view worker_name = "worker-"; ///< and its number
inline constexpr std::string_view report_name = "report "; ///< and its number

/// An execution as Postgres holds it.
struct stored_execution {
  execution_key id;
  std::uint64_t cue = 0;
  instant scheduled_for;
  std::uint32_t worker = nobody; ///< claimed_by_worker
  std::uint32_t report = nobody; ///< outcome_result, if outcome_metadata agrees with it
  execution_status status = execution_status::pending;
  std::uint32_t attempts = 0;
  bool claimed_at = false, outcome_recorded = false, outcome_success = false, delivered = false;
};

} // namespace cued::bench
