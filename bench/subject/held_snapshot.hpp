#pragma once

#include <memory>
#include <string>

#include "domain/error.hpp"

namespace cued::bench {

/// A REPEATABLE READ transaction that has read once and stays open: nothing that dies after it can be cleaned up.
/// Ends with the object.
class held_snapshot {
public:
  [[nodiscard]] static result<std::unique_ptr<held_snapshot>> take(const std::string& dsn);
  virtual ~held_snapshot() = default;
};

} // namespace cued::bench
