#include "http/routes/notes.hpp"
#include "http/routes/public_handlers.hpp"
#include "http/routes/routes.hpp"

namespace cued::http {
namespace {

using boost::beast::http::verb;

constexpr route table[] = {
    route{verb::get, "/health", auth::none, body::none, show_health, "Tells how each part of the server is", false}
        .noted(notes::show_health),
    route{verb::get, "/status", auth::none, body::none, show_status, "Tells whether the server works", false}.noted(
        notes::show_status),
    route{verb::get, "/metrics", auth::none, body::none, show_metrics, "Metrics in the text format of Prometheus",
          false}
        .noted(notes::show_metrics),
    route{verb::get, "/v1/info", auth::none, body::none, show_info, "Tells the version and what is switched on", false}
        .noted(notes::show_info),
    route{verb::post, "/v1/echo/{token}", auth::none, body::raw, leave_echo, "Keeps a JSON value for five minutes"}
        .noted(notes::leave_echo),
    route{verb::get, "/v1/echo/{token}", auth::caller, body::none, fetch_echo, "Shows what was sent to that token"}
        .noted(notes::fetch_echo),
    route{verb::get, "/openapi.json", auth::none, body::none, show_openapi, "This API as an OpenAPI document", false}
        .noted(notes::show_openapi),
    route{verb::get, "/docs", auth::none, body::none, show_docs, "This API as a page to read", false}.noted(
        notes::show_docs),
    route{verb::get, "/redoc", auth::none, body::none, show_docs, "The same page under its other name", false}.noted(
        notes::show_docs),
    route{verb::get, "/docs/oauth2-redirect", auth::none, body::none, show_docs_redirect,
          "Says that there is no login by OAuth"}
        .noted(notes::show_docs),
};

} // namespace

std::span<const route> public_routes() { return table; }

} // namespace cued::http
