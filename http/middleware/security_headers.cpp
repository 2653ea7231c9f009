#include "http/middleware/security_headers.hpp"

#include <algorithm>

#include <boost/beast/core/string.hpp>

namespace cued::http {

namespace {

constexpr const char* strict_policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

bool has_header(const response& out, std::string_view name) {
  return std::any_of(out.headers.begin(), out.headers.end(),
                     [&](const auto& h) { return boost::beast::iequals(h.first, name); });
}

} // namespace

void add_security_headers(response& out, bool production) {
  out.headers.emplace_back("x-content-type-options", "nosniff");
  out.headers.emplace_back("referrer-policy", "no-referrer");
  if (!has_header(out, "cache-control")) // nearly every answer belongs to one caller, many hold secrets
    out.headers.emplace_back("cache-control", "no-store");
  if (production)
    out.headers.emplace_back("strict-transport-security", "max-age=31536000");
  if (out.content_type.starts_with("text/html")) {
    out.headers.emplace_back("x-frame-options", "DENY");
    if (!has_header(out, "content-security-policy"))
      out.headers.emplace_back("content-security-policy", strict_policy);
  }
}

} // namespace cued::http
