#include <boost/algorithm/string/predicate.hpp>
#include <boost/algorithm/string/trim.hpp>

#include "actors/engine.hpp"
#include "domain/timestamp.hpp"
#include "http/middleware/verify_echo.hpp"
#include "http/routes/cue_handlers.hpp"
#include "http/validation/readers.hpp"
#include "http/waiting.hpp"
#include "persistence/cue_changes.hpp"
#include "security/digest.hpp"
#include "security/random.hpp"

/// `POST /v1/cues/{cue_id}/fire`. Source: spec/cues.md §5; a payload of this run's own: spec/clients.md §9.1 #4.
namespace cued::http {
namespace {

using boost::asio::awaitable;

/// This route echoes nothing, whatever the body was: what an empty body would give (spec/http.md §8).
constexpr const char* sha256_of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

constexpr std::size_t idempotency_key_length_max = 256;

} // namespace

/// Repeated with the same `idempotency_key` it answers as the first time (spec/clients.md §9.1 #7).
awaitable<result<response>> fire_cue(services& with, request& in) {
  body_reader body{in};
  const auto send_at = body.optional_time("send_at");
  const auto* payload_override = body.free_object("payload_override");
  const auto merge_strategy = body.optional_choice("merge_strategy", {.of = {"merge", "replace"}});
  const auto key = body.optional_text("idempotency_key", {.length_max = idempotency_key_length_max});
  if (auto bad = body.problems())
    co_return fail(std::move(*bad));

  const auto now = with.clock.now();
  persistence::cue_firing firing;
  firing.user_id = in.caller.user_id;
  firing.cue_id = cue_id_in(in);
  firing.execution_id = security::new_uuid(with.random);
  firing.in_the_future = send_at && send_at->at > now;
  firing.scheduled_for = firing.in_the_future ? send_at->at : now;
  if (payload_override)
    firing.payload_override_json = json::canonical_utf8(*payload_override);
  firing.replaces_payload = merge_strategy == "replace";
  firing.asked_at = now;
  if (key && !key->empty())
    firing.idempotency = persistence::fire_key{*key, security::sha256_hex(json::canonical_utf8(*in.json))};
  const auto offset =
      firing.in_the_future ? send_at->offset.value_or(std::chrono::minutes{0}) : std::chrono::minutes{0};
  firing.scheduled_for_text = format_offset(firing.scheduled_for, offset);

  auto fired =
      co_await on_database(with, [&](persistence::connection& link) { return persistence::fire_cue(link, firing); });
  if (!fired)
    co_return fail(std::move(fired.error()));
  const bool as_sent = fired->repeated && send_at && send_at->at == fired->scheduled_for; // it may have passed since
  if (!fired->repeated)
    with.engine.execution_created(firing.user_id, fired->execution_id, fired->webhook, fired->scheduled_for);

  json::writer w;
  w.begin_object();
  w.key("id").string(fired->execution_id);
  w.key("cue_id").string(firing.cue_id);
  w.key("scheduled_for")
      .string(format_offset(fired->scheduled_for, as_sent ? send_at->offset.value_or(offset) : offset));
  w.key("status").string("pending");
  w.key("triggered_by").string("manual_fire");
  if (wants_echo(in))
    w.key("body_received").null().key("body_received_sha256").string(sha256_of_nothing);
  w.end_object();
  co_return json_response(std::move(w).str());
}

} // namespace cued::http
