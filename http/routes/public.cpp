#include "http/routes/public_handlers.hpp"
#include "http/routes/routes.hpp"

namespace cued::http {
namespace {

using boost::beast::http::verb;

constexpr route table[] = {
    {verb::get, "/health", auth::none, body::none, show_health, "Tells how each part of the server is", false},
    {verb::get, "/status", auth::none, body::none, show_status, "Tells whether the server works", false},
    {verb::get, "/metrics", auth::none, body::none, show_metrics, "Metrics in the text format of Prometheus", false},
    {verb::get, "/v1/info", auth::none, body::none, show_info, "Tells the version and what is switched on", false},
    {verb::post, "/v1/echo/{token}", auth::none, body::raw, leave_echo, "Keeps a JSON value for five minutes"},
    {verb::get, "/v1/echo/{token}", auth::caller, body::none, fetch_echo, "Shows what was sent to that token"},
    {verb::get, "/openapi.json", auth::none, body::none, show_openapi, "This API as an OpenAPI document", false},
    {verb::get, "/docs", auth::none, body::none, show_docs, "This API as a page to read", false},
    {verb::get, "/redoc", auth::none, body::none, show_docs, "The same page under its other name", false},
};

} // namespace

std::span<const route> public_routes() { return table; }

} // namespace cued::http
