#pragma once

#include <filesystem>
#include <utility>

#include "domain/error.hpp"

namespace cued::persistence {

/// Keeps a data directory for one cued at a time. It is the kernel's lock on an open file (flock), so it ends with the
/// process however that ends, and a file that was left behind means nothing. Not inherited by child processes.
class instance_lock {
public:
  /// Error 503 `data_directory_in_use` names the holder's process id, as far as the file tells.
  [[nodiscard]] static result<instance_lock> take(const std::filesystem::path& file);

  ~instance_lock();
  instance_lock(instance_lock&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
  instance_lock& operator=(instance_lock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

private:
  explicit instance_lock(int descriptor) : descriptor_{descriptor} {}

  int descriptor_;
};

} // namespace cued::persistence
