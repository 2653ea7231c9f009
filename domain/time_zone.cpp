#include "domain/time_zone.hpp"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <unordered_map>

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include "domain/letter_case.hpp"
#include "domain/zone_files.hpp"

namespace cued {

/// Read when it is first asked for: a process uses a handful of the six hundred zones.
struct time_zone::rules {
  std::string name;
  mutable std::once_flag reading;
  mutable std::optional<absl::TimeZone> zone; ///< none after `reading`: the file is broken
};

namespace {

namespace fs = std::filesystem;

constexpr std::string_view system_directory = "/usr/share/zoneinfo";

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

instant to_instant(absl::Time at) { return instant{std::chrono::microseconds{absl::ToUnixMicros(at)}}; }

local_time to_local_time(absl::CivilSecond civil) {
  return local_time{std::chrono::seconds{civil - absl::CivilSecond{1970, 1, 1}}};
}

absl::CivilSecond to_civil(local_time local) {
  return absl::CivilSecond{1970, 1, 1} + local.time_since_epoch().count();
}

} // namespace

/// All zones of the machine, found once. Immutable afterwards but for the lazy reading, so it needs no lock.
class zone_catalogue {
public:
  static const zone_catalogue& instance() {
    static const zone_catalogue catalogue{time_zone_directory()};
    return catalogue;
  }

  [[nodiscard]] std::size_t size() const { return by_lower_name_.size(); }

  [[nodiscard]] const time_zone::rules* find(std::string_view name) const {
    std::string wanted{name};
    replace_all(wanted, "_plus_", "+");
    replace_all(wanted, "_minus_", "-");
    const auto found = by_lower_name_.find(lower_case(wanted));
    return found == by_lower_name_.end() ? nullptr : found->second.get();
  }

  static bool is_readable(const time_zone::rules& r) {
    std::call_once(r.reading, [&r] {
      absl::TimeZone zone;
      if (absl::LoadTimeZone(r.name, &zone))
        r.zone = zone;
    });
    return r.zone.has_value();
  }

private:
  explicit zone_catalogue(const fs::path& directory) {
    for (auto& name : zone_names_in(directory)) {
      auto zone = std::make_unique<time_zone::rules>();
      auto key = lower_case(name);
      zone->name = std::move(name);
      by_lower_name_.emplace(std::move(key), std::move(zone));
    }
  }

  std::unordered_map<std::string, std::unique_ptr<time_zone::rules>> by_lower_name_;
};

result<time_zone> find_time_zone(std::string_view name) {
  const auto& catalogue = zone_catalogue::instance();
  if (catalogue.size() == 0)
    return fail(unavailable("There is no time zone database in " + time_zone_directory()));
  const auto* zone = catalogue.find(name);
  if (zone == nullptr)
    return fail(422, "invalid_timezone", "The time zone is not a name of the IANA time zone database");
  if (!zone_catalogue::is_readable(*zone))
    return fail(unavailable("The time zone database has no readable rules for " + zone->name));
  return time_zone{zone};
}

std::size_t time_zone_count() { return zone_catalogue::instance().size(); }

std::string time_zone_directory() {
  const char* const configured = std::getenv("TZDIR");
  return configured != nullptr && *configured != '\0' ? configured : std::string{system_directory};
}

std::optional<std::string> time_zone_data_version() { return zone_release_of(time_zone_directory()); }

std::string_view time_zone::name() const { return rules_->name; }

time_zone::local_reading time_zone::to_local(instant at) const {
  const auto civil = rules_->zone->At(absl::FromUnixMicros(at.time_since_epoch().count()));
  return {to_local_time(civil.cs), std::chrono::seconds{civil.offset}};
}

local_time_instants time_zone::to_instants(local_time local) const {
  using kind = local_time_instants::kind;
  const auto info = rules_->zone->At(to_civil(local));
  if (info.kind == absl::TimeZone::TimeInfo::UNIQUE)
    return {kind::unique, to_instant(info.pre), to_instant(info.pre), to_instant(info.pre), local, local};

  // `pre` reads the local time with the offset before the transition, `post` with the one after it.
  const instant pre = to_instant(info.pre);
  const instant post = to_instant(info.post);
  const instant transition = to_instant(info.trans);
  const auto from = local + std::chrono::floor<std::chrono::seconds>(transition - pre);
  const auto to = local + std::chrono::floor<std::chrono::seconds>(transition - post);
  if (info.kind == absl::TimeZone::TimeInfo::REPEATED)
    return {kind::repeated, pre, post, transition, from, to};
  return {kind::skipped, transition, transition, transition, from, to};
}

} // namespace cued
