#include "persistence/redis/shared_keys.hpp"

#include <charconv>

#include "domain/timestamp.hpp"
#include "domain/usage.hpp"
#include "security/digest.hpp"

namespace cued::persistence {
namespace {

using std::chrono::seconds;

constexpr seconds counted_usage_kept{35 * 86'400};
constexpr seconds loaded_usage_kept{86'400};
constexpr seconds letters_kept{3'600};

const std::string last_run_key = "poller:last_run";
const std::string cues_processed_key = "poller:cues_processed";
const std::string cycle_duration_key = "poller:cycle_duration_ms";
const std::string leader_key = "poller:leader";

redis_client::command set_for(std::string key, std::string value, seconds lifetime) {
  return {"SET", std::move(key), std::move(value), "EX", std::to_string(lifetime.count())};
}

std::string usage_key(const std::string& user_id, const std::string& month) { return "usage:" + user_id + ":" + month; }

/// Strangers choose tokens; beyond this length they do not choose the names of keys as well.
constexpr std::size_t plain_token_limit = 128;

std::string echo_key(const std::string& token) {
  return "echo:" + (token.size() <= plain_token_limit ? token : security::sha256_hex(token));
}

std::optional<std::string> text_of(const redis_reply& r) {
  return r.what == redis_reply::kind::text ? std::optional{r.text} : std::nullopt;
}

std::optional<std::int64_t> number_of(const redis_reply& r) {
  std::int64_t out = 0;
  const auto* end = r.text.data() + r.text.size();
  const auto read = std::from_chars(r.text.data(), end, out);
  if (r.what != redis_reply::kind::text || read.ec != std::errc{} || read.ptr != end)
    return std::nullopt;
  return out;
}

shared_keys::heartbeat heartbeat_of(const std::vector<redis_reply>& values) {
  shared_keys::heartbeat out;
  out.last_run_text = text_of(values.at(0));
  if (out.last_run_text)
    if (const auto read = parse_timestamp(*out.last_run_text))
      out.last_run = read->at;
  out.cues_processed = number_of(values.at(1));
  out.cycle_duration_ms = number_of(values.at(2));
  return out;
}

} // namespace

void shared_keys::write_heartbeat(instant last_run, std::size_t cues_processed,
                                  std::chrono::milliseconds cycle_duration) {
  redis_.ask_together({set_for(last_run_key, format_offset(last_run), keep_.heartbeat),
                       set_for(cues_processed_key, std::to_string(cues_processed), keep_.heartbeat),
                       set_for(cycle_duration_key, std::to_string(cycle_duration.count()), keep_.heartbeat),
                       set_for(leader_key, node_name_, keep_.leader)},
                      {});
}

void shared_keys::read_heartbeat(std::function<void(result<heartbeat>)> done) {
  redis_.ask({"MGET", last_run_key, cues_processed_key, cycle_duration_key},
             [done = std::move(done)](result<redis_reply> answer) {
               if (!answer)
                 return done(fail(std::move(answer.error())));
               if (answer->elements.size() != 3)
                 return done(fail(502, "redis_error", "MGET did not answer with three values"));
               done(heartbeat_of(answer->elements));
             });
}

void shared_keys::usage_counted(const std::string& user_id, const std::string& month, std::int64_t executions) {
  redis_.send(set_for(usage_key(user_id, month), std::to_string(executions), counted_usage_kept));
}

void shared_keys::usage_loaded(const std::string& user_id, const std::string& month, std::int64_t executions) {
  auto set = set_for(usage_key(user_id, month), std::to_string(executions), loaded_usage_kept);
  set.emplace_back("NX");
  redis_.send(std::move(set));
}

void shared_keys::read_usage(const std::string& user_id, const std::string& month,
                             std::function<void(std::optional<std::int64_t>)> done) {
  redis_.ask({"GET", usage_key(user_id, month)}, [done = std::move(done)](const result<redis_reply>& answer) {
    done(answer ? number_of(*answer) : std::nullopt);
  });
}

void shared_keys::grace_started(const std::string& user_id, instant since) {
  const instant month_end = std::chrono::sys_days{month_of(since).last} + std::chrono::days{1};
  redis_.send(set_for("grace:" + user_id, format_offset(since), std::chrono::ceil<seconds>(month_end - since)));
}

std::optional<std::int64_t> shared_keys::count_failure_letter(const std::string& user_id) {
  const auto key = "failure_email:" + user_id;
  const auto answer = redis_.ask_together_and_wait(
      {{"SET", key, "0", "EX", std::to_string(letters_kept.count()), "NX"}, {"INCR", key}});
  if (!answer || answer->elements.size() != 2)
    return std::nullopt;
  return answer->elements[1].integer;
}

void shared_keys::worker_told_offline(const std::string& user_id, const std::string& worker_id) {
  redis_.send(set_for("worker_alert:" + user_id + ":" + worker_id, "1", letters_kept));
}

void shared_keys::leave_echo(const std::string& token, std::string note_json, seconds keep,
                             std::function<void(bool)> done) {
  redis_.ask(set_for(echo_key(token), std::move(note_json), keep),
             [done = std::move(done)](const result<redis_reply>& answer) { done(answer.has_value()); });
}

void shared_keys::read_echo(const std::string& token, std::function<void(std::optional<std::string>)> done) {
  redis_.ask({"GET", echo_key(token)}, [done = std::move(done)](const result<redis_reply>& answer) {
    done(answer ? text_of(*answer) : std::nullopt);
  });
}

void shared_keys::authorization_decided(const std::string& sender_recipient_kind, bool allowed, seconds keep) {
  redis_.send(set_for("authz:" + sender_recipient_kind, allowed ? "1" : "0", keep));
}

void shared_keys::read_authorization(const std::string& sender_recipient_kind,
                                     std::function<void(std::optional<bool>)> done) {
  redis_.ask({"GET", "authz:" + sender_recipient_kind}, [done = std::move(done)](const result<redis_reply>& answer) {
    const auto known = answer ? text_of(*answer) : std::nullopt;
    done(known == "1" || known == "0" ? std::optional{*known == "1"} : std::nullopt);
  });
}

} // namespace cued::persistence
