#include "doctor.hpp"

#include <cstdio>
#include <cstdlib>

#include <sys/resource.h>

#include "config/database_url.hpp"
#include "domain/instant.hpp"
#include "domain/time_zone.hpp"
#include "domain/timestamp.hpp"
#include "http/client/trusted_root_count.hpp"
#include "http/server/certificate.hpp"
#include "persistence/inspection.hpp"

namespace cued {
namespace {

using namespace std::chrono_literals;

constexpr std::uintmax_t mebibyte = 1U << 20;
constexpr std::uintmax_t free_bytes_wanted = 1024 * mebibyte;
constexpr std::uintmax_t free_bytes_needed = 100 * mebibyte;
constexpr std::chrono::days certificate_days_wanted{14};
constexpr rlim_t open_files_wanted = 4096;
constexpr rlim_t open_files_needed = 256;
/// Signatures carry our time, statements the database's: receivers allow 300 s, claims and leases are of minutes.
constexpr auto clock_difference_wanted = 1s;
constexpr auto clock_difference_allowed = 30s;
constexpr std::size_t zones_wanted = 590; ///< spec/cues.md §6: 597 names
constexpr int oldest_postgres = 13;
constexpr int numbers_per_major = 10'000; ///< of server_version_num
/// A clock before this was never set.
constexpr instant earliest_credible_present = std::chrono::sys_days{std::chrono::year{2025} / 1 / 1};

finding ok(std::string subject, std::string words) { return {health::ok, std::move(subject), std::move(words)}; }
finding warn(std::string subject, std::string words) { return {health::warn, std::move(subject), std::move(words)}; }
finding failed(std::string subject, std::string words) { return {health::fail, std::move(subject), std::move(words)}; }

void look_at_settings(const config::loaded_settings& loaded, std::vector<finding>& out) {
  for (const auto& warning : loaded.warnings)
    out.push_back(warn("settings", warning));
  if (loaded.warnings.empty())
    out.push_back(ok("settings", std::to_string(loaded.origins.size()) + " set, the others by default, ENV is " +
                                     loaded.values.env));
}

finding look_at_data_dir(const config::settings& s, const persistence::data_directory_view& seen) {
  constexpr mode_t writable_by_others = 0022;
  const auto free = std::to_string(seen.free_bytes / mebibyte) + " MiB free";
  if (!seen.usable)
    return failed("data dir", s.data_dir + (seen.exists ? " cannot be written by this user" : " cannot be made"));
  if (seen.free_bytes < free_bytes_needed)
    return failed("data dir", s.data_dir + ": " + free + "; Postgres stops when there is none");
  if (seen.exists && (seen.mode & writable_by_others) != 0)
    return warn("data dir", s.data_dir + " can be written by other users; chmod go-w it");
  if (seen.free_bytes < free_bytes_wanted)
    return warn("data dir", s.data_dir + ": only " + free);
  auto words = s.data_dir + ", " + free;
  if (!seen.exists)
    words += ", made at the first start";
  if (seen.lock_holder)
    words += ", in use by process " + std::to_string(*seen.lock_holder);
  return ok("data dir", std::move(words));
}

finding look_at_cluster(const persistence::cluster_view& seen) {
  if (!seen.has_fitting_binaries())
    return failed("postgres", seen.made
                                  ? "the private cluster is of Postgres " + std::to_string(*seen.major) +
                                        ", and its programs are not installed (POSTGRES_BIN_DIR names them)"
                                  : "no programs found; install postgresql, or set POSTGRES_BIN_DIR or DATABASE_URL");
  const auto major = seen.major.value_or(seen.binaries.front().major);
  if (major < oldest_postgres)
    return failed("postgres", "version " + std::to_string(major) + "; cued needs 13 or later");
  const auto words = "private, version " + std::to_string(major) + ", ";
  if (!seen.made)
    return ok("postgres", words + "made at the first start");
  if (seen.running && !seen.ready)
    return warn("postgres", words + "running, but not ready for connections");
  return ok("postgres", words + (seen.running ? "running" : "stopped; it starts with cued"));
}

finding judge_schema(const persistence::database_view& seen) {
  const auto wanted = std::to_string(seen.schema_of_this_program);
  if (!seen.schema)
    return ok("schema", "not yet cued's; the next start makes version " + wanted);
  const auto found = "version " + std::to_string(*seen.schema);
  if (*seen.schema > seen.schema_of_this_program)
    return failed("schema", found + ", made by a newer cued; this one knows up to " + wanted);
  if (*seen.schema < seen.schema_of_this_program)
    return ok("schema", found + "; the next start brings it to " + wanted);
  if (!seen.faults.empty())
    return failed("schema",
                  found + ", but " + seen.faults.front() +
                      (seen.faults.size() > 1 ? " and " + std::to_string(seen.faults.size() - 1) + " more" : ""));
  return ok("schema", found);
}

finding judge_clock(std::optional<std::chrono::milliseconds> database_ahead) {
  const auto now = wall_clock{}.now();
  if (now < earliest_credible_present)
    return failed("clock", "it is " + format_z(now) + " here: this machine's clock was never set");
  if (!database_ahead)
    return ok("clock", format_z(now) + "; not compared with the database's");
  const auto words = "the database's is " + std::to_string(std::abs(database_ahead->count())) + " ms " +
                     (database_ahead->count() < 0 ? "behind ours" : "ahead of ours");
  const auto difference = std::chrono::abs(*database_ahead);
  if (difference > clock_difference_allowed)
    return failed("clock", words + "; keep both machines in time (NTP)");
  return difference > clock_difference_wanted ? warn("clock", words) : ok("clock", words);
}

/// Also tells how far its clock is ahead, where it could be asked.
std::optional<std::chrono::milliseconds> look_at_database(const persistence::connection_options& options,
                                                          std::vector<finding>& out) {
  const auto seen = persistence::look_at_database(options, wall_clock{});
  if (!seen) {
    out.push_back(failed("database", "cannot be reached: " + seen.error().message));
    return std::nullopt;
  }
  const auto version = seen->server_version / numbers_per_major;
  const auto words =
      "reachable in " + std::to_string(seen->round_trip.count()) + " ms, Postgres " + std::to_string(version);
  out.push_back(version < oldest_postgres ? failed("database", words + "; cued needs 13 or later")
                                          : ok("database", words));
  out.push_back(judge_schema(*seen));
  return seen->clock_ahead;
}

void look_at_store(const config::settings& s, std::vector<finding>& out) {
  persistence::connection_options options;
  options.application_name = "cued doctor";
  if (!s.embedded_database()) {
    auto dsn = config::libpq_url(s.database_url);
    if (!dsn) {
      out.push_back(failed("database", "DATABASE_URL: " + dsn.error()));
      return;
    }
    options.dsn = *dsn;
    out.push_back(judge_clock(look_at_database(options, out)));
    return;
  }
  const auto cluster = persistence::look_at_cluster(s.data_dir, s.postgres_bin_dir);
  out.push_back(look_at_cluster(cluster));
  options.dsn = cluster.dsn;
  out.push_back(judge_clock(cluster.ready ? look_at_database(options, out) : std::nullopt));
}

finding look_at_zones(const time_zone_choice& zones) {
  if (zones.used.zones == 0)
    return failed("time zones", zones.why + "; install tzdata");
  if (zones.suspicious || !zones.used.release || zones.used.zones < zones_wanted)
    return warn("time zones", zones.why);
  return ok("time zones", zones.why);
}

finding look_at_roots(const config::settings& s) {
  const auto count = http::client::trusted_root_count({s.ssl_cert_file, s.ssl_cert_dir});
  if (!count)
    return failed("tls roots", count.error().message);
  if (*count == 0)
    return warn("tls roots", "none found: no receiver with https can be reached. Install ca-certificates");
  return ok("tls roots", std::to_string(*count) + " certificates");
}

std::optional<finding> look_at_certificate(const config::settings& s) {
  if (s.tls_cert_file.empty())
    return std::nullopt;
  const auto read = http::load_certificate({s.tls_cert_file, s.tls_key_file});
  if (!read)
    return failed("certificate", read.error().message);
  const auto& facts = (*read)->facts;
  const auto now = wall_clock{}.now();
  const auto words =
      facts.subject + ", valid from " + format_z(facts.not_before) + " until " + format_z(facts.not_after);
  if (now < facts.not_before || now >= facts.not_after)
    return failed("certificate", words + ": clients refuse it");
  return facts.not_after - now < certificate_days_wanted
             ? warn("certificate", words + ": renew it (SIGHUP reads it again)")
             : ok("certificate", words);
}

finding look_at_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return warn("open files", "the limit cannot be read");
  const auto words = limit.rlim_cur == RLIM_INFINITY ? "no limit" : std::to_string(limit.rlim_cur) + " at most";
  if (limit.rlim_cur < open_files_needed)
    return failed("open files", words + "; each connection is one (ulimit -n, LimitNOFILE=)");
  if (limit.rlim_cur < open_files_wanted)
    return warn("open files", words + "; each connection is one (ulimit -n, LimitNOFILE=)");
  return ok("open files", words);
}

const char* words_for(health grade) {
  switch (grade) {
  case health::warn:
    return "warn";
  case health::fail:
    return "fail";
  case health::ok:
    break;
  }
  return "ok";
}

} // namespace

std::vector<finding> findings_of(const std::vector<problem>& refused_settings) {
  std::vector<finding> out;
  for (const auto& one : refused_settings)
    out.push_back(failed("settings", one.field + ": " + one.message));
  return out;
}

std::vector<finding> examine(const config::loaded_settings& loaded, const time_zone_choice& zones,
                             const std::string& version) {
  const auto& s = loaded.values;
  std::vector<finding> out{ok("version", "cued " + version)};
  look_at_settings(loaded, out);
  out.push_back(look_at_data_dir(s, persistence::look_at_data_directory(s.data_dir)));
  look_at_store(s, out);
  out.push_back(look_at_zones(zones));
  out.push_back(look_at_roots(s));
  if (auto certificate = look_at_certificate(s))
    out.push_back(std::move(*certificate));
  out.push_back(look_at_open_files());
  return out;
}

int report(const std::vector<finding>& findings) {
  bool sound = true;
  for (const auto& one : findings) {
    std::printf("%-5s %-11s %s\n", words_for(one.grade), one.subject.c_str(), one.words.c_str());
    sound = sound && one.grade != health::fail;
  }
  return sound ? EXIT_SUCCESS : EXIT_FAILURE;
}

} // namespace cued
