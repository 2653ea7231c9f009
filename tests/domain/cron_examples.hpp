#pragma once

#include <string>
#include <vector>

#include "domain/cron.hpp"
#include "domain/timestamp.hpp"

namespace cued {

/// One row of a table of worked examples; see cron_examples.inc.
struct cron_example {
  int number;
  std::string expression;
  std::string zone;
  std::string base;
  std::vector<std::string> fires;
};

inline instant at(std::string_view text) { return parse_timestamp(text).value().at; }

/// The next fires after the example's base, each the base of the next, as many as the example lists.
inline std::vector<std::string> chain(const cron_example& example, overlap policy) {
  const auto zone = find_time_zone(example.zone);
  if (!zone)
    return {zone.error().code};
  const auto expression = parse_cron(example.expression);
  if (!expression)
    return {"REFUSED"};
  std::vector<std::string> fires;
  auto base = at(example.base);
  while (fires.size() < example.fires.size()) {
    const auto next = next_instant(*expression, *zone, base, policy);
    fires.push_back(next ? format_z(*next) : "NONE");
    if (!next)
      break;
    base = *next;
  }
  return fires;
}

} // namespace cued
