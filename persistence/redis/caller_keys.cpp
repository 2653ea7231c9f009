#include "persistence/redis/caller_keys.hpp"

#include "domain/json/value.hpp"

namespace cued::persistence {
namespace {

constexpr const char* caller_kept_seconds = "300";
constexpr const char* rotated_kept_seconds = "86400";

/// Keys: the caller's, and the mark that his key was replaced. Arguments: the caller, seconds to keep.
/// Sent in full each time: it is short, and so it keeps its place in the order of what Redis is told.
constexpr const char* remember_script = R"lua(
if redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
end
return redis.status_reply('OK')
)lua";

std::string auth_key(const std::string& hash) { return "auth:" + hash; }
std::string session_key(const std::string& user_id) { return "session:" + user_id; }
std::string rotated_key(const std::string& hash) { return "rotated:" + hash; }

std::string caller_json(const principal& who) {
  json::writer w;
  w.begin_object();
  w.key("id").string(who.user_id);
  w.key("email").string(who.email);
  w.key("plan").string(who.plan);
  w.key("active_cue_limit").number(who.active_cue_limit);
  w.key("monthly_execution_limit").number(who.monthly_execution_limit);
  w.key("rate_limit_per_minute").number(who.rate_limit_per_minute);
  w.end_object();
  return std::move(w).str();
}

} // namespace

void caller_keys::remember(const principal& who) {
  if (!who.key_id.empty())
    return;
  if (who.key_hash.empty())
    redis_.send({"SET", session_key(who.user_id), caller_json(who), "EX", caller_kept_seconds});
  else
    redis_.send({"EVAL", remember_script, "2", auth_key(who.key_hash), rotated_key(who.key_hash), caller_json(who),
                 caller_kept_seconds});
}

void caller_keys::forget(const std::string& user_id, const std::vector<std::string>& key_hashes) {
  redis_client::command out{"DEL", session_key(user_id)};
  for (const auto& hash : key_hashes)
    out.push_back(auth_key(hash));
  redis_.send(std::move(out));
}

void caller_keys::key_replaced(const std::string& old_hash, const principal& owner, std::function<void(bool)> done) {
  std::vector<redis_client::command> steps{{"DEL", auth_key(old_hash), session_key(owner.user_id)},
                                           {"SET", rotated_key(old_hash), "1", "EX", rotated_kept_seconds}};
  if (owner.key_id.empty())
    steps.push_back({"SET", auth_key(owner.key_hash), caller_json(owner), "EX", caller_kept_seconds});
  redis_.ask_together(std::move(steps),
                      [done = std::move(done)](const result<redis_reply>& answer) { done(answer.has_value()); });
}

void caller_keys::was_rotated(const std::string& hash, std::function<void(std::optional<bool>)> done) {
  redis_.ask({"EXISTS", rotated_key(hash)}, [done = std::move(done)](const result<redis_reply>& answer) {
    done(answer ? std::optional{answer->integer == 1} : std::nullopt);
  });
}

} // namespace cued::persistence
