#include "config/settings.hpp"
#include "http/routes/openapi.hpp"
#include "http/routes/public_handlers.hpp"

/// /openapi.json and /docs, both made from the route table. They need nothing from elsewhere on the network.
/// enabled_routes() leaves them out in production (spec/http.md §9 "Docs").
namespace cued::http {

using boost::asio::awaitable;

awaitable<result<response>> show_openapi(services& with, request&) {
  co_return json_response(document_of(with.routes, with.settings.external_auth_backend));
}

awaitable<result<response>> show_docs(services& with, request&) {
  response out;
  out.content_type = "text/html; charset=utf-8";
  out.body = page_about(with.routes, with.settings.external_auth_backend);
  out.headers.emplace_back("content-security-policy",
                           "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  co_return out;
}

} // namespace cued::http
