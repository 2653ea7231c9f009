#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/server/route.hpp"

namespace cued::http {

/// Which web pages may read answers. Source: spec/http.md §4, the "better" way: origins come from CORS_ORIGINS
/// (default `*`), and never with credentials, for nothing here uses cookies.
/// Immutable; any thread.
class cors {
public:
  explicit cors(std::vector<std::string> origins);

  /// OPTIONS with Origin and Access-Control-Request-Method: a browser asking beforehand, about any path.
  [[nodiscard]] static bool is_preflight(const request& in);

  [[nodiscard]] response answer_preflight(const request& in) const;

  /// What every other answer carries.
  void add_headers(const request& in, response& out) const;

private:
  [[nodiscard]] std::optional<std::string> allowed_origin(const std::string& origin) const;

  std::vector<std::string> origins_;
  bool any_ = false;
};

} // namespace cued::http
