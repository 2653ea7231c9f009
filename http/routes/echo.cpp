#include <algorithm>
#include <array>
#include <map>

#include "domain/letter_case.hpp"
#include "domain/timestamp.hpp"
#include "http/middleware/client_address.hpp"
#include "http/middleware/route_counter.hpp"
#include "http/routes/echo_board.hpp"
#include "http/routes/public_handlers.hpp"
#include "http/server/target.hpp"
#include "http/waiting.hpp"
#include "persistence/redis/shared_keys.hpp"

/// POST and GET /v1/echo/{token} (spec/http.md §9): a webhook receiver for people who have none yet.
namespace cued::http {
namespace {

using boost::asio::awaitable;

constexpr std::size_t token_length_min = 16;
constexpr std::size_t payload_bytes_max = 1'000'000;
constexpr route_limit notes_by_address{"echo_rl", 10, std::chrono::hours{1}};

/// Neither stored nor shown, for anybody with an account who knows the token could read them: the sender's credentials,
/// and what proxies say of his way to us.
constexpr std::array<std::string_view, 12> withheld_headers{
    "authorization", "cookie",    "set-cookie",  "x-api-key",      "x-on-behalf-of",   "forwarded",
    "via",           "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip", "x-cluster-client-ip"};
constexpr std::array<std::string_view, 3> withheld_prefixes{"proxy-", "x-forwarded-", "x-original-"};

constexpr std::chrono::seconds note_kept = echo_board::limits{}.keep;

bool is_withheld(std::string_view name) {
  return std::find(withheld_headers.begin(), withheld_headers.end(), name) != withheld_headers.end() ||
         std::any_of(withheld_prefixes.begin(), withheld_prefixes.end(),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

/// Lower-case names; of repeated ones the last.
std::string headers_json(const request& in) {
  std::map<std::string, std::string> shown;
  for (const auto& [name, value] : in.headers) {
    auto lower = lower_case(name);
    if (!is_withheld(lower))
      shown[std::move(lower)] = valid_utf8(value);
  }
  json::writer w;
  w.begin_object();
  for (const auto& [name, value] : shown)
    w.key(name).string(value);
  w.end_object();
  return std::move(w).str();
}

void write_members(json::writer& w, const echo_board::note& note) {
  w.key("payload").raw(note.payload_json);
  w.key("headers").raw(note.headers_json);
  w.key("received_at").string(format_offset(note.received_at));
}

/// As it lies in Redis.
std::string stored_json(const echo_board::note& note) {
  json::writer w;
  w.begin_object();
  write_members(w, note);
  w.end_object();
  return std::move(w).str();
}

/// In Redis, so that every node can show it, or in this process.
awaitable<void> keep(services& with, const std::string& token, echo_board::note note) {
  if (with.shared != nullptr) {
    const auto leave = [shared = with.shared, token, text = stored_json(note)](std::function<void(bool)> resume) {
      shared->leave_echo(token, text, note_kept, std::move(resume));
    };
    if (co_await answer_within<bool>(persistence::redis_patience, false, leave))
      co_return;
  }
  with.echoes.put(token, std::move(note));
}

awaitable<std::optional<std::string>> found_in_redis(services& with, const std::string& token) {
  if (with.shared == nullptr)
    co_return std::nullopt;
  const auto read = [shared = with.shared, token](std::function<void(std::optional<std::string>)> resume) {
    shared->read_echo(token, std::move(resume));
  };
  const std::optional<std::string> nothing;
  co_return co_await answer_within<std::optional<std::string>>(persistence::redis_patience, nothing, read);
}

/// What lies in Redis, whoever wrote it, as the answer to GET. Nothing if it is not what it should be.
std::optional<std::string> delivered_json(const std::string& stored) {
  const auto note = json::parse(stored);
  if (!note || note->kind() != json::kind::object)
    return std::nullopt;
  json::writer w;
  w.begin_object().key("status").string("delivered");
  for (const std::string_view name : {"payload", "headers", "received_at"}) {
    const auto* member = note->find(name);
    if (member == nullptr)
      return std::nullopt;
    w.key(name).raw(json::compact(*member));
  }
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
  if (auto counted = co_await count_call(with, notes_by_address, counted_address(in.client_address)); !counted)
    co_return fail(std::move(counted.error()));
  const auto payload = json::parse(in.body);
  if (!payload)
    co_return fail(payload.error());
  echo_board::note note{json::compact(*payload), headers_json(in), with.clock.now()};
  co_await keep(with, token, std::move(note));
  co_return json_response(R"({"stored":true})");
}

awaitable<result<response>> fetch_echo(services& with, request& in) {
  const auto& token = in.path_params[0];
  const auto shared = co_await found_in_redis(with, token);
  if (auto delivered = shared ? delivered_json(*shared) : std::nullopt)
    co_return json_response(std::move(*delivered));
  const auto note = with.echoes.find(token, with.clock.now());
  if (!note)
    co_return json_response(R"({"status":"waiting"})");
  json::writer w;
  w.begin_object().key("status").string("delivered");
  write_members(w, *note);
  w.end_object();
  co_return json_response(std::move(w).str());
}

} // namespace cued::http
