#include "persistence/postgres/cluster_layout.hpp"

#include <cstdint>
#include <cstdio>
#include <string_view>

#include <sys/un.h>

namespace cued::persistence {

namespace {

/// FNV-1a. It only keeps names apart; that nobody else owns the directory is checked where it is used.
std::uint64_t name_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const unsigned char c : text)
    hash = (hash ^ c) * 0x100000001b3U;
  return hash;
}

std::string in_quotes(std::string_view value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\')
      out += '\\';
    out += c;
  }
  return out + "'";
}

} // namespace

cluster_layout::cluster_layout(std::filesystem::path data_dir) : data_dir_{std::move(data_dir)} {
  // Postgres makes `<dir>/.s.PGSQL.<port>` and a lock file beside it with five characters more.
  const std::string longest_name = "/.s.PGSQL." + std::to_string(port);
  socket_dir_ = root() / "run";
  if (socket_dir_.native().size() + longest_name.size() < sizeof(sockaddr_un{}.sun_path))
    return;
  char name[32];
  std::snprintf(name, sizeof name, "cued-%016llx", static_cast<unsigned long long>(name_hash(data_dir_.native())));
  socket_dir_ = std::filesystem::path{"/tmp"} / name;
}

std::string cluster_layout::dsn(const std::string& database_name) const {
  return "host=" + in_quotes(socket_dir_.native()) + " port=" + std::to_string(port) + " user=" + superuser +
         " dbname=" + in_quotes(database_name);
}

} // namespace cued::persistence
