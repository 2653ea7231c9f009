#include "persistence/fire_keys.hpp"

namespace cued::persistence {
namespace {

/// Waits for whoever has the same key in hand. One row: the key is ours. None: it stands for an earlier fire, which is
/// read by a statement of its own, since this one's snapshot may be older. Index: fire_keys_pkey.
constexpr named_query take_key{"take_fire_key", R"sql(
  INSERT INTO cued.fire_keys AS k (cue_id, key, request_digest, execution_id, created_at)
  VALUES ($1::text, $2::text, $3::text, $4::uuid, $5::timestamptz)
  ON CONFLICT (cue_id, key) DO UPDATE
    SET request_digest = EXCLUDED.request_digest, execution_id = EXCLUDED.execution_id, created_at = EXCLUDED.created_at
    WHERE k.created_at <= EXCLUDED.created_at - interval '24 hours'
  RETURNING execution_id
)sql"};

/// Index: fire_keys_pkey, executions_pkey.
constexpr named_query earlier_fire{"earlier_fire", R"sql(
  SELECT k.request_digest = $3::text AS same_request, e.id, e.scheduled_for
  FROM cued.fire_keys k
  LEFT JOIN executions e ON e.id = k.execution_id
  WHERE k.cue_id = $1::text AND k.key = $2::text
)sql"};

/// Index: fire_keys_created.
constexpr named_query clean_up_fire_keys{"clean_up_fire_keys", R"sql(
  DELETE FROM cued.fire_keys WHERE created_at <= $1::timestamptz - interval '24 hours'
)sql"};

tl::unexpected<error> conflict(std::string why) { return fail(409, "idempotency_key_conflict", std::move(why)); }

} // namespace

result<std::optional<fired_before>> take_fire_key(session& s, const std::string& cue_id, const fire_key& key,
                                                  const std::string& execution_id, instant now) {
  if (!s.exec(take_key, cue_id, key.key, key.request_digest, execution_id, write_instant(now)).empty())
    return std::nullopt;
  const auto rows = s.exec(earlier_fire, cue_id, key.key, key.request_digest);
  if (rows.empty()) // the clean-up took it in this very moment
    return fail(unavailable("The idempotency key is just being forgotten; send the request again"));
  if (!rows[0]["same_request"].as<bool>())
    return conflict("The idempotency key was used for another request within the last 24 hours");
  if (rows[0]["id"].is_null())
    return conflict("The execution that was made with this idempotency key has been deleted");
  return fired_before{rows[0]["id"].c_str(), read_instant(rows[0]["scheduled_for"].c_str())};
}

result<std::size_t> forget_old_fire_keys(connection& db, instant now) {
  return db.run([&](session& s) -> result<std::size_t> {
    return s.exec(clean_up_fire_keys, write_instant(now)).affected_rows();
  });
}

} // namespace cued::persistence
