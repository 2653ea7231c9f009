#include "http/middleware/scope.hpp"

namespace cued::http {

bool opens_to(const route& asked, key_scope scope) {
  if (scope == key_scope::full)
    return true;
  const bool only_reads = asked.method == boost::beast::http::verb::get;
  switch (asked.to_keys) {
  case opens::by_method:
    return scope == key_scope::read_only && only_reads;
  case opens::full_only:
    return false;
  case opens::to_worker:
    return scope == key_scope::worker || only_reads;
  case opens::to_any_caller:
    return true;
  }
  return false;
}

error insufficient_scope(key_scope scope) {
  return {403,
          "insufficient_scope",
          "The scope of this API key, " + std::string{name_of(scope)} + ", does not cover this request",
          {},
          {}};
}

} // namespace cued::http
