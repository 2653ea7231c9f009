#include "bench/command/scratch_directory.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace cued::bench {

namespace fs = std::filesystem;

result<std::unique_ptr<scratch_directory>> scratch_directory::make(bool keep) {
  // Not below /tmp, which may be memory: durability would cost nothing there. Open to others, for a server that was
  // started as root gives its Postgres to an account without rights.
  std::string name = "/var/tmp/cued-bench-XXXXXX";
  if (mkdtemp(name.data()) == nullptr)
    return fail(500, "no_directory", name + ": " + std::strerror(errno));
  std::error_code ignored;
  fs::permissions(name, fs::perms{0755}, ignored);
  return std::unique_ptr<scratch_directory>{new scratch_directory{name, keep}};
}

scratch_directory::~scratch_directory() {
  std::error_code ignored;
  if (!keep_)
    fs::remove_all(path_, ignored);
}

} // namespace cued::bench
