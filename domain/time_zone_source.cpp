#include "domain/time_zone_source.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "domain/zone_files.hpp"

namespace cued {
namespace {

constexpr std::size_t year_digits = 4;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

/// `2026b` of `2026b`, `2026b-debian` or `2026b-rearguard`.
std::optional<std::string> year_and_letters(const std::string& release) {
  const auto year_end = std::find_if_not(release.begin(), release.end(), is_digit);
  const auto end = std::find_if_not(year_end, release.end(), is_letter);
  if (static_cast<std::size_t>(year_end - release.begin()) != year_digits || end == year_end)
    return std::nullopt;
  return std::string{release.begin(), end};
}

std::string described(const time_zone_source& source) {
  return source.directory + " (" + source.release.value_or("release unknown") + ", " + std::to_string(source.zones) +
         " zones)";
}

/// A zone of the one that the other does not have.
std::optional<std::string> lacks(const std::string& candidate, const std::string& standard) {
  auto there = zone_names_in(candidate);
  std::sort(there.begin(), there.end());
  for (auto& name : zone_names_in(standard))
    if (!std::binary_search(there.begin(), there.end(), name))
      return std::move(name);
  return std::nullopt;
}

} // namespace

time_zone_source inspect_time_zones(const std::string& directory) {
  return {directory, zone_release_of(directory), zone_names_in(directory).size()};
}

std::optional<bool> is_newer_release(const std::string& candidate, const std::string& than) {
  const auto one = year_and_letters(candidate), other = year_and_letters(than);
  if (!one || !other)
    return std::nullopt;
  return *one > *other;
}

time_zone_choice choose_time_zones(const std::string& system, const std::string& updated) {
  const auto installed = inspect_time_zones(system);
  std::error_code not_there;
  if (updated.empty() || !std::filesystem::exists(updated, not_there))
    return {installed, described(installed), false};

  const auto candidate = inspect_time_zones(updated);
  const auto stay_because = [&](const std::string& reason, bool suspicious) {
    return time_zone_choice{installed, described(installed) + "; " + described(candidate) + " " + reason, suspicious};
  };
  if (candidate.zones == 0)
    return stay_because("has no compiled zone", true);
  if (!candidate.release || !year_and_letters(*candidate.release))
    return stay_because("does not tell its release: it has neither tzdata.zi nor a +VERSION such as 2026b", true);
  if (const auto missing = lacks(updated, system))
    return stay_because("lacks " + *missing, true);
  if (installed.release && !is_newer_release(*candidate.release, *installed.release).value_or(true))
    return stay_because("is not newer", false);
  return {candidate, described(candidate) + ", newer than " + described(installed), false};
}

void use_time_zones(const time_zone_source& source) { ::setenv("TZDIR", source.directory.c_str(), 1); }

} // namespace cued
