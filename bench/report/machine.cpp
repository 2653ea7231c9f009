#include "bench/report/machine.hpp"

#include <fstream>
#include <thread>

#include <sys/utsname.h>
#include <unistd.h>

#include "domain/instant.hpp"
#include "domain/timestamp.hpp"
#include "persistence/postgres/connection.hpp"

namespace cued::bench {
namespace {

constexpr persistence::named_query durability_settings{"bench_durability_settings", R"sql(
  SELECT current_setting('server_version'), format('fsync %s, synchronous_commit %s, full_page_writes %s',
    current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'))
)sql"};

std::string processor_name() {
  std::ifstream file{"/proc/cpuinfo"};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name"))
      if (const auto colon = line.find(": "); colon != std::string::npos)
        return line.substr(colon + 2);
  return "unknown";
}

} // namespace

conditions describe_machine() {
  conditions out;
  out.begun_at = format_z(std::chrono::floor<std::chrono::seconds>(wall_clock{}.now()));
  out.processor = processor_name();
  out.processors = std::thread::hardware_concurrency();
  out.memory_bytes = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  utsname kernel{};
  uname(&kernel);
  out.kernel = std::string{kernel.sysname} + " " + kernel.release;
  return out;
}

void describe_database(const std::string& dsn, conditions& out) {
  out.postgres = out.durability = "unknown";
  if (dsn.empty())
    return;
  persistence::connection link{{dsn, "cued-bench"}};
  const auto read = link.run([&out](persistence::session& s) -> result<void> {
    const auto rows = s.exec(durability_settings);
    out.postgres = rows[0][0].c_str();
    out.durability = rows[0][1].c_str();
    return {};
  });
  if (!read)
    out.postgres = "cannot be asked: " + read.error().message;
}

} // namespace cued::bench
