#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/server/route.hpp"

namespace cued::http {

/// Finds the route of a request. A tree of path segments, built once and never changed: any thread may read it.
/// A last segment `{name...}` takes all that is left of the path, so that an id may hold an encoded slash.
/// Source: spec/http.md §1.1.
class router {
public:
  explicit router(std::span<const route> routes);
  ~router();
  router(const router&) = delete;
  router& operator=(const router&) = delete;

  enum class verdict { found, wrong_method, trailing_slash, unknown };
  struct match {
    verdict what = verdict::unknown;
    const route* to = nullptr;       ///< found
    std::vector<std::string> params; ///< found: the pattern's `{}` in order
    std::string allow;               ///< wrong_method: the header `Allow`
    std::string location;            ///< trailing_slash: the path without it, encoded
  };

  /// `path` is decoded. HEAD finds the GET route. Of routes that fit, literal segments win over parameters, and a
  /// route with the method wins over one without.
  [[nodiscard]] match find(boost::beast::http::verb method, std::string_view path) const;

private:
  struct node;
  struct search;
  void add(const route& r);
  void walk(const node& at, std::string_view rest, search& s) const;

  std::unique_ptr<node> root_;
};

} // namespace cued::http
