#include <algorithm>
#include <string>
#include <vector>

#include "domain/cron.hpp"
#include "domain/cron_field.hpp"

namespace cued {

namespace {

using cron::field;
using cron::field_reader;

tl::unexpected<error> refuse(const std::string& why) {
  return fail(400, "invalid_schedule", "Invalid cron expression: " + why);
}

std::string_view expand_alias(std::string_view text) {
  struct alias {
    std::string_view name;
    std::string_view meaning;
  };
  static constexpr std::array<alias, 7> aliases{{{"@midnight", "0 0 * * *"},
                                                 {"@daily", "0 0 * * *"},
                                                 {"@hourly", "0 * * * *"},
                                                 {"@weekly", "0 0 * * 0"},
                                                 {"@monthly", "0 0 1 * *"},
                                                 {"@yearly", "0 0 1 1 *"},
                                                 {"@annually", "0 0 1 1 *"}}};
  const auto* const found =
      std::find_if(aliases.begin(), aliases.end(), [text](const alias& a) { return a.name == text; });
  return found == aliases.end() ? text : found->meaning;
}

std::vector<std::string_view> split_at_blanks(std::string_view text) {
  constexpr std::string_view blanks = " \t\n\v\f\r";
  std::vector<std::string_view> parts;
  for (auto begin = text.find_first_not_of(blanks); begin != std::string_view::npos;
       begin = text.find_first_not_of(blanks)) {
    text.remove_prefix(begin);
    const auto end = std::min(text.find_first_of(blanks), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return parts;
}

/// A field whose set is full restricts nothing; but of the two day fields one that is written out stays a restriction
/// beside one that holds no `*` (spec/cues.md §7.2 g).
bool restricts_nothing(const field_reader& reader, field which, const std::vector<std::string_view>& texts) {
  const auto holds_star = [&texts](field f) { return texts[f].find('*') != std::string_view::npos; };
  if (reader.any || !reader.is_full())
    return reader.any;
  if (which == cron::day_of_month)
    return holds_star(cron::day_of_week);
  if (which == cron::day_of_week)
    return holds_star(cron::day_of_month);
  return true;
}

/// Bit v for the value v. Years are too many for it.
std::uint64_t mask(const field_reader& reader, field which, bool any) {
  const auto& kind = cron::kind_of(which);
  const std::uint64_t bits = any ? (std::uint64_t{1} << kind.size()) - 1 : reader.values.to_ullong();
  return bits << kind.minimum;
}

void store(cron_expression& expression, const field_reader& reader, field which, bool any) {
  switch (which) {
  case cron::minute:
    expression.minutes = mask(reader, which, any);
    break;
  case cron::hour:
    expression.hours = mask(reader, which, any);
    expression.every_hour = any;
    break;
  case cron::day_of_month:
    expression.days_of_month = mask(reader, which, any);
    expression.any_day_of_month = any;
    expression.last_day_of_month = reader.last_day_of_month;
    expression.nearest_weekday_to = reader.nearest_weekday_to;
    break;
  case cron::month:
    expression.months = mask(reader, which, any);
    break;
  case cron::day_of_week:
    expression.days_of_week = mask(reader, which, any);
    expression.any_day_of_week = any;
    expression.occurrences = reader.occurrences;
    break;
  case cron::second:
    expression.seconds = mask(reader, which, any);
    expression.to_the_second = true;
    break;
  case cron::year:
    expression.years = reader.values;
    expression.every_year = any;
    break;
  }
}

} // namespace

result<cron_expression> parse_cron(std::string_view text, std::uint64_t seed) {
  if (text.size() > cron_length_limit)
    return refuse("it is longer than " + std::to_string(cron_length_limit) + " characters");
  std::string lowered{text};
  for (char& c : lowered)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;

  const auto texts = split_at_blanks(expand_alias(lowered));
  if (texts.size() < cron::field_count_min || texts.size() > cron::field_count_max)
    return refuse("it must have 5, 6 or 7 fields");

  cron_expression expression;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto which = static_cast<field>(i);
    field_reader reader{which, texts.size(), seed};
    if (!reader.read(texts[i]))
      return refuse("field " + std::to_string(i + 1) + " (" + std::string{cron::kind_of(which).name} +
                    ") is not valid");
    store(expression, reader, which, restricts_nothing(reader, which, texts));
  }
  return expression;
}

} // namespace cued
