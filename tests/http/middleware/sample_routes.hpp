#pragma once

#include <array>
#include <stdexcept>

#include "http/server/route.hpp"
#include "http/validation/readers.hpp"

/// A handful of routes on which the pipeline shows what it does.
namespace cued::http::test {

using boost::asio::awaitable;
using boost::beast::http::verb;

inline awaitable<result<response>> sample_list(services&, request& in) {
  query_reader query{in};
  const auto limit = query.integer("limit", {.min = 1, .max = 100, .fallback = 50});
  if (auto bad = query.problems())
    co_return fail(std::move(*bad));
  co_return json_response("{\"limit\":" + std::to_string(limit) + ",\"user\":\"" + in.caller.user_id + "\"}");
}

inline awaitable<result<response>> sample_create(services&, request& in) {
  query_reader query{in};
  query.optional_boolean("dry");
  body_reader body{in, query};
  const auto name = body.text("name", {.length_max = 5});
  if (auto bad = body.problems())
    co_return fail(std::move(*bad));
  co_return json_response("{\"name\":\"" + name + "\"}", 201);
}

inline awaitable<result<response>> sample_fire(services&, request& in) {
  body_reader body{in};
  const auto note = body.optional_text("note");
  if (auto bad = body.problems())
    co_return fail(std::move(*bad));
  co_return json_response(body.is_void() ? R"({"body":"absent"})" : R"({"body":"present"})");
}

inline awaitable<result<response>> sample_read(services&, request& in) {
  co_return json_response("{\"id\":\"" + in.path_params[0] + "\"}");
}
inline awaitable<result<response>> sample_literal(services&, request&) {
  co_return json_response(R"({"id":"the literal"})");
}
inline awaitable<result<response>> sample_delete(services&, request&) { co_return no_content(); }
inline awaitable<result<response>> sample_list_of_numbers(services&, request&) { co_return json_response("[1]"); }
inline awaitable<result<response>> sample_throw(services&, request&) {
  throw std::runtime_error("a bug");
  co_return no_content();
}
inline awaitable<result<response>> sample_page(services&, request&) {
  response out;
  out.content_type = "text/html; charset=utf-8";
  out.body = "<p>";
  co_return out;
}

inline constexpr std::array sample_routes{
    route{verb::get, "/v1/things", auth::caller, body::none, sample_list, "Lists"},
    route{verb::post, "/v1/things", auth::caller, body::json, sample_create, "Creates"},
    route{verb::get, "/v1/things/{id}", auth::caller, body::none, sample_read, "Reads"},
    route{verb::delete_, "/v1/things/{id}", auth::caller, body::none, sample_delete, "Deletes"},
    route{verb::get, "/v1/things/literal", auth::caller, body::none, sample_literal, "Reads the literal"},
    route{verb::post, "/v1/things/{id}/fire", auth::caller, body::optional_json, sample_fire, "Fires"},
    route{verb::post, "/v1/things/{id}/ack", auth::caller, body::none, sample_read, "Acknowledges"},
    route{verb::post, "/v1/numbers", auth::none, body::none, sample_list_of_numbers, "Answers with a list"},
    route{verb::get, "/v1/open", auth::none, body::none, sample_literal, "Needs no key"},
    route{verb::get, "/v1/throw", auth::none, body::none, sample_throw, "Throws"},
    route{verb::get, "/page", auth::none, body::none, sample_page, "A page"},
    route{verb::get, "/health", auth::none, body::none, sample_literal, "Exempt from limits", false},
};

inline constexpr const char* json_type = "Content-Type: application/json\r\n";

} // namespace cued::http::test
