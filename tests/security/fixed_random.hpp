#pragma once

#include <string>

#include "security/random.hpp"

namespace cued::security {

/// Hands out the given bytes again and again.
class fixed_random final : public random_source {
public:
  explicit fixed_random(std::string bytes) : bytes_(std::move(bytes)) {}

  void fill(std::span<unsigned char> bytes) override {
    for (auto& byte : bytes)
      byte = static_cast<unsigned char>(bytes_[next_++ % bytes_.size()]);
  }

private:
  std::string bytes_;
  std::size_t next_ = 0;
};

/// The bytes 0, 1, ... n-1.
inline std::string counting_bytes(std::size_t n) {
  std::string bytes;
  for (std::size_t i = 0; i < n; ++i)
    bytes += static_cast<char>(i);
  return bytes;
}

} // namespace cued::security
