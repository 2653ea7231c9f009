#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "domain/error.hpp"
#include "domain/instant.hpp"

namespace cued {

/// What the clock on the wall shows somewhere; the same value may come twice a year, or never.
using local_time = std::chrono::local_seconds;

/// Which instants one local time stands for.
struct local_time_instants {
  enum class kind { unique, skipped, repeated };
  kind what = kind::unique;
  instant earlier;            ///< unique: the instant. repeated: in the first pass. skipped: the transition
  instant later;              ///< repeated: in the second pass. Otherwise as `earlier`
  instant transition;         ///< skipped, repeated: when the clock was changed
  local_time transition_from; ///< skipped: the first time that is missing. repeated: where the first pass ends
  local_time transition_to;   ///< skipped: the first time after the gap. repeated: where the second pass begins
};

/// The civil clock of one IANA zone, by the rules of the machine's tz database (past its table by the rule in its
/// tail, so daylight saving time does not end in 2037). A small value that stays valid for the life of the process;
/// all threads may use it at once. Files are read once: newer data needs a restart.
class time_zone {
public:
  [[nodiscard]] std::string_view name() const; ///< in the database's spelling

  struct local_reading {
    local_time time; ///< fractions of a second are cut
    std::chrono::seconds offset;
  };
  [[nodiscard]] local_reading to_local(instant at) const;
  [[nodiscard]] std::chrono::seconds offset(instant at) const { return to_local(at).offset; }
  [[nodiscard]] local_time_instants to_instants(local_time local) const;

private:
  struct rules;
  friend class zone_catalogue;
  friend result<time_zone> find_time_zone(std::string_view name);
  explicit time_zone(const rules* r) : rules_{r} {}

  const rules* rules_;
};

/// The zone of that name: every name of the IANA database with its backward links, in any case, `_plus_` and `_minus_`
/// read as signs. Refused: `Factory`, `localtime`, `posixrules`, `posix/…`, `right/…`, abbreviations, fixed offsets.
/// Source: spec/cues.md §6. Error: 422 `invalid_timezone`; 503 where the machine's database cannot be read.
[[nodiscard]] result<time_zone> find_time_zone(std::string_view name);

/// How many zones the machine's database has; 0 where it is missing.
[[nodiscard]] std::size_t time_zone_count();

/// Where the zones come from: `TZDIR`, else the system's directory.
[[nodiscard]] std::string time_zone_directory();

/// Release of the database, such as `2026b`; nothing where the directory does not tell.
[[nodiscard]] std::optional<std::string> time_zone_data_version();

} // namespace cued
