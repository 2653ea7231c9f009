#pragma once

#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "http/server/route.hpp"

namespace cued::http {

/// What /openapi.json and /docs answer with. Each is written when it is first asked for and kept: the routes stay the
/// same while the server runs. Owned by main; may be used from any I/O thread. Does not own the routes.
class documentation {
public:
  /// `on_behalf`: callers with the internal token are served too (spec/auth.md §4).
  documentation(std::span<const route> routes, bool on_behalf) : routes_{routes}, on_behalf_{on_behalf} {}

  [[nodiscard]] const std::string& document() const;
  [[nodiscard]] const std::string& page() const;

private:
  std::span<const route> routes_;
  bool on_behalf_;
  mutable std::mutex mutex_; // guards that the two are written once
  mutable std::optional<std::string> document_, page_;
};

} // namespace cued::http
