#include "http/middleware/cors.hpp"

#include <algorithm>
#include <array>

namespace cued::http {

namespace {

constexpr std::array<std::string_view, 7> methods{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"};
constexpr const char* methods_text = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";
constexpr const char* preflight_age_seconds = "600";
constexpr const char* exposed_headers = "X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, "
                                        "Retry-After, X-CueAPI-Usage-Warning";

response plain_text(int status, std::string text) {
  response out;
  out.status = status;
  out.body = std::move(text);
  out.content_type = "text/plain; charset=utf-8";
  return out;
}

} // namespace

cors::cors(std::vector<std::string> origins) : origins_{std::move(origins)} {
  any_ = std::find(origins_.begin(), origins_.end(), "*") != origins_.end();
}

bool cors::is_preflight(const request& in) {
  return in.method == boost::beast::http::verb::options && in.header("origin") &&
         in.header("access-control-request-method");
}

std::optional<std::string> cors::allowed_origin(const std::string& origin) const {
  if (any_)
    return "*";
  if (std::find(origins_.begin(), origins_.end(), origin) != origins_.end())
    return origin;
  return std::nullopt;
}

response cors::answer_preflight(const request& in) const {
  const auto origin = allowed_origin(*in.header("origin"));
  const auto& method = *in.header("access-control-request-method");
  const bool known_method = std::find(methods.begin(), methods.end(), method) != methods.end();

  auto out = !origin         ? plain_text(400, "Disallowed CORS origin")
             : !known_method ? plain_text(400, "Disallowed CORS method")
                             : plain_text(200, "OK");
  if (origin)
    out.headers.emplace_back("access-control-allow-origin", *origin);
  out.headers.emplace_back("access-control-allow-methods", methods_text);
  out.headers.emplace_back("access-control-max-age", preflight_age_seconds);
  if (const auto* wanted = in.header("access-control-request-headers"))
    out.headers.emplace_back("access-control-allow-headers", *wanted);
  out.headers.emplace_back("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  return out;
}

void cors::add_headers(const request& in, response& out) const {
  out.headers.emplace_back("vary", "Origin");
  const auto* origin = in.header("origin");
  if (!origin)
    return;
  if (auto allowed = allowed_origin(*origin)) {
    out.headers.emplace_back("access-control-allow-origin", std::move(*allowed));
    out.headers.emplace_back("access-control-expose-headers", exposed_headers);
  }
}

} // namespace cued::http
