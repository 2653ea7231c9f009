#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "domain/cron.hpp"

/// One field of a cron expression, from text to set. Used by parse_cron() only. Source: spec/cues.md §7.2.
namespace cued::cron {

/// In the order in which they are written.
enum field : std::size_t { minute, hour, day_of_month, month, day_of_week, second, year };

inline constexpr std::size_t field_count_min = 5;
inline constexpr std::size_t field_count_with_seconds = 6;
inline constexpr std::size_t field_count_max = 7;

struct field_kind {
  std::string_view name;
  int minimum;
  int maximum;
  const std::string_view* value_names; ///< of all values from `minimum` on; nullptr: it has none

  [[nodiscard]] int size() const { return maximum - minimum + 1; }
};

[[nodiscard]] const field_kind& kind_of(field which);

[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

/// Reads one field, in lower case, into what it names. read() returns false where the text is refused; then the rest
/// of the reader means nothing.
class field_reader {
public:
  field_reader(field which, std::size_t field_count, std::uint64_t seed)
      : which_{which}, kind_{kind_of(which)}, field_count_{field_count}, seed_{seed} {}

  [[nodiscard]] bool read(std::string_view text);

  /// Whether the set has as many members as the field has values; `L` counts as one.
  [[nodiscard]] bool is_full() const;

  using value_set = std::bitset<cron_year_last - cron_year_first + 1>; ///< bit v - minimum for the value v

  bool any = false; ///< `*` or `?`: restricts nothing
  value_set values;
  bool last_day_of_month = false;
  int nearest_weekday_to = 0;
  std::array<std::uint8_t, 7> occurrences{}; ///< as in cron_expression

private:
  [[nodiscard]] int alias(int value) const;
  [[nodiscard]] bool in_range(int value) const { return value >= kind_.minimum && value <= kind_.maximum; }
  [[nodiscard]] std::optional<int> named_value(std::string_view word) const;
  [[nodiscard]] std::optional<int> value_of(std::string_view word) const;

  // -- forms of a whole field ----------------------------------------------
  bool read_random(std::string_view text);
  bool read_nearest_weekday(std::string_view text);

  // -- forms of an item ----------------------------------------------------
  bool read_item(std::string_view item);
  bool read_range(std::string_view item);
  bool read_occurrence(std::string_view item);
  bool read_last_occurrence(std::string_view digits);

  bool add_value(int value);
  void add_occurrence(const value_set& days, int bit);
  [[nodiscard]] bool occurrences_are_mixed() const;

  field which_;
  const field_kind& kind_;
  std::size_t field_count_;
  std::uint64_t seed_;
};

} // namespace cued::cron
