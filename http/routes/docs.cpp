#include "http/routes/documentation.hpp"
#include "http/routes/public_handlers.hpp"

/// /openapi.json and /docs, both made from the route table. They need nothing from elsewhere on the network.
/// enabled_routes() leaves them out in production (spec/http.md §9 "Docs").
namespace cued::http {

using boost::asio::awaitable;

namespace {

/// Where the reference's page comes back to from a login by OAuth, which neither offers.
constexpr std::string_view no_oauth_page = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>CueAPI</title></head>
<body><p>There is no login by OAuth here, so nothing comes back to this page. <a href="/docs">The documentation</a>
says how callers make themselves known.</p></body></html>
)";

response html_page(std::string_view text) {
  response out;
  out.content_type = "text/html; charset=utf-8";
  out.body = text;
  out.headers.emplace_back("content-security-policy",
                           "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  return out;
}

} // namespace

awaitable<result<response>> show_openapi(services& with, request&) {
  co_return json_response(with.documents.document());
}

awaitable<result<response>> show_docs(services& with, request&) { co_return html_page(with.documents.page()); }

awaitable<result<response>> show_docs_redirect(services&, request&) { co_return html_page(no_oauth_page); }

} // namespace cued::http
