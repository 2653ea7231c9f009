#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/verb.hpp>

#include "domain/error.hpp"
#include "domain/json/value.hpp"
#include "domain/principal.hpp"

namespace cued::http {

struct services; // http/services.hpp: settings, database pool, engine, ... what handlers may use

/// What a caller showed to be known.
enum class caller_kind { none, api_key, session, internal };

/// A request as handlers see it: read, routed, and, where the route says so, authenticated and parsed.
/// Belongs to its connection; lives until the answer has been written.
struct request {
  boost::beast::http::verb method{};
  std::string path;                                         ///< percent-decoded once, without the query
  std::vector<std::string> path_params;                     ///< in the order of the pattern's `{}`
  std::vector<std::pair<std::string, std::string>> query;   ///< decoded; of repeated names the last counts
  std::vector<std::pair<std::string, std::string>> headers; ///< names as sent; look up with header()
  std::string body;                                         ///< raw bytes; filled for routes that read a body
  std::optional<json::value> json;                          ///< routes with a body: parsed, if JSON was sent
  bool body_required = true;                                ///< false for body::optional_json
  std::string client_address;                               ///< after trusted proxies (spec/http.md §6.1)
  std::string id;                                           ///< X-Request-Id, a new uuid each
  principal caller;                                         ///< routes with auth::caller
  caller_kind called_by = caller_kind::none;                ///< routes with auth::caller

  std::string target; ///< as sent: path and query, undecoded
  bool http_1_0 = false;

  /// Becomes true, about a second late, when the client hangs up while it waits for the answer; for handlers that wait
  /// long. Null where no connection stands behind the request.
  std::shared_ptr<const std::atomic<bool>> hung_up = nullptr;

  [[nodiscard]] const std::string* header(std::string_view name) const;      ///< any letter case; the first
  [[nodiscard]] const std::string* query_value(std::string_view name) const; ///< the last
};

struct response {
  int status = 200;
  std::string body; ///< JSON text unless content_type says otherwise
  std::string content_type = "application/json";
  std::vector<std::pair<std::string_view, std::string>> headers; ///< the names are constants
};

/// `co_return json_response(std::move(w).str(), 201);`
[[nodiscard]] inline response json_response(std::string json_text, int status = 200) {
  constexpr std::size_t headers_of_most = 16; // what the pipeline adds to it
  response out;
  out.status = status;
  out.body = std::move(json_text);
  out.headers.reserve(headers_of_most);
  return out;
}

/// 204: neither body nor `Content-Length`.
[[nodiscard]] inline response no_content() {
  response out;
  out.status = 204;
  return out;
}

/// A handler runs on an I/O thread and must not block: what needs Postgres goes through `on_database`, what needs an
/// actor through `ask` (http/waiting.hpp). An error becomes the envelope of spec/http.md §3; an exception a 500.
using handler = boost::asio::awaitable<result<response>> (*)(services&, request&);

enum class auth { none, caller };                   ///< caller: API key, session or internal token, else 401
enum class body { none, raw, json, optional_json }; ///< none: never looked at; raw: read, not parsed

/// Which keys open a route besides those of the full scope.
enum class opens {
  by_method,     ///< GET: also read-only keys; anything else: none
  full_only,     ///< none, for instance because a GET shows a secret
  to_worker,     ///< worker keys; and read-only keys if it is a GET
  to_any_caller, ///< every key
};

struct operation_notes; // http/routes/openapi.hpp: what the documentation says of bodies and answers

/// One line of the route table: what the server dispatches on and what the documentation is made from.
struct route {
  boost::beast::http::verb method;
  std::string_view pattern; ///< `/v1/cues/{cue_id}`; a literal segment wins over a parameter, `{rest...}` comes last
  auth who;
  body reads;
  handler run;
  std::string_view summary;
  bool rate_limited = true;
  opens to_keys = opens::by_method;
  const operation_notes* notes = nullptr;

  // For tables: `route{verb::get, ...}.open(opens::to_worker).noted(claim_notes)`.
  [[nodiscard]] constexpr route open(opens to) const {
    auto out = *this;
    out.to_keys = to;
    return out;
  }
  [[nodiscard]] constexpr route noted(const operation_notes& about) const {
    auto out = *this;
    out.notes = &about;
    return out;
  }
};

} // namespace cued::http
