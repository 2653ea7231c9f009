#include <algorithm>
#include <array>
#include <map>

#include "domain/timestamp.hpp"
#include "http/middleware/route_counter.hpp"
#include "http/routes/echo_board.hpp"
#include "http/routes/public_handlers.hpp"
#include "http/server/target.hpp"

/// POST and GET /v1/echo/{token} (spec/http.md §9): a webhook receiver for people who have none yet.
namespace cued::http {
namespace {

using boost::asio::awaitable;

constexpr std::size_t token_length_min = 16;
constexpr std::size_t payload_bytes_max = 1'000'000;
constexpr route_limit notes_by_address{"echo_rl", 10, std::chrono::hours{1}};

/// Not shown to whoever knows the token: they are about the sender's own credentials and way to us.
constexpr std::array<std::string_view, 7> withheld_headers{
    "authorization", "cookie", "proxy-authorization", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-real-ip"};

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// Lower-case names; of repeated ones the last.
std::string headers_json(const request& in) {
  std::map<std::string, std::string> shown;
  for (const auto& [name, value] : in.headers) {
    auto lower = lower_case(name);
    if (std::find(withheld_headers.begin(), withheld_headers.end(), lower) == withheld_headers.end())
      shown[std::move(lower)] = valid_utf8(value);
  }
  json::writer w;
  w.begin_object();
  for (const auto& [name, value] : shown)
    w.key(name).string(value);
  w.end_object();
  return std::move(w).str();
}

} // namespace

awaitable<result<response>> leave_echo(services& with, request& in) {
  const auto& token = in.path_params[0];
  if (token.size() < token_length_min)
    co_return fail(400, "invalid_token", "Token must have at least 16 characters");
  if (in.body.size() > payload_bytes_max)
    co_return fail(413, "payload_too_large", "Payload exceeds 1000000 bytes");
  if (auto counted = co_await count_call(with, notes_by_address, in.client_address); !counted)
    co_return fail(std::move(counted.error()));
  const auto payload = json::parse(in.body);
  if (!payload)
    co_return fail(payload.error());
  with.echoes.put(token, {json::compact(*payload), headers_json(in), with.clock.now()});
  co_return json_response(R"({"stored":true})");
}

awaitable<result<response>> fetch_echo(services& with, request& in) {
  const auto note = with.echoes.find(in.path_params[0], with.clock.now());
  if (!note)
    co_return json_response(R"({"status":"waiting"})");
  json::writer w;
  w.begin_object();
  w.key("status").string("delivered");
  w.key("payload").raw(note->payload_json);
  w.key("headers").raw(note->headers_json);
  w.key("received_at").string(format_offset(note->received_at));
  w.end_object();
  co_return json_response(std::move(w).str());
}

} // namespace cued::http
