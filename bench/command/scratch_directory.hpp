#pragma once

#include <filesystem>
#include <memory>

#include "domain/error.hpp"

namespace cued::bench {

/// A directory that goes with the object, unless it was told to stay.
class scratch_directory {
public:
  [[nodiscard]] static result<std::unique_ptr<scratch_directory>> make(bool keep);
  ~scratch_directory();
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
  scratch_directory(std::filesystem::path path, bool keep) : path_{std::move(path)}, keep_{keep} {}
  std::filesystem::path path_;
  bool keep_;
};

} // namespace cued::bench
