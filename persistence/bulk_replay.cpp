#include "persistence/bulk_replay.hpp"

#include "persistence/outbox.hpp"

namespace cued::persistence {
namespace {

/// Number and the oldest of all that match, of one snapshot. Reads the history of the user's cues, or of the one that
/// is named: rare, and asked for by a person. Index: idx_cues_user_id or cues_pkey, idx_executions_dedup.
constexpr named_query replayable{"replayable_executions", R"sql(
  WITH matching AS (
    SELECT e.id, e.cue_id, e.scheduled_for, e.status, e.payload_override
    FROM cues c
    JOIN executions e ON e.cue_id = c.id
    WHERE c.user_id = $1::uuid
      AND ($2::text IS NULL OR c.id = $2::text)
      AND e.status = ANY ($3::text[])
      AND ($4::timestamptz IS NULL OR e.scheduled_for >= $4::timestamptz)
      AND ($5::timestamptz IS NULL OR e.scheduled_for < $5::timestamptz)
      AND ($6::uuid IS NULL OR (e.scheduled_for, e.id) > (SELECT a.scheduled_for, a.id FROM executions a
                                                          WHERE a.id = $6::uuid))
  ), page AS (
    SELECT * FROM matching ORDER BY scheduled_for, id LIMIT $7::bigint
  )
  SELECT whole.matched, page.id, page.cue_id, page.scheduled_for, page.status, page.payload_override
  FROM (SELECT count(*) AS matched FROM matching) whole
  LEFT JOIN page ON true
  ORDER BY page.scheduled_for, page.id
)sql"};

std::optional<std::string> written(const std::optional<instant>& t) {
  return t ? std::optional{write_instant(*t)} : std::nullopt;
}

pqxx::result find(session& s, const bulk_replay_filter& filter, std::size_t limit) {
  array_builder statuses;
  for (const auto& status : filter.statuses)
    statuses.add(status);
  return s.exec(replayable, filter.user_id, filter.cue_id, std::move(statuses).str(), written(filter.from),
                written(filter.until), filter.after, static_cast<long>(limit));
}

bulk_replay read(const pqxx::result& rows) {
  bulk_replay out;
  out.matched = rows.at(0)["matched"].as<std::int64_t>();
  for (const auto& row : rows) {
    if (row["id"].is_null()) // the number comes alone when nothing matches
      continue;
    replayed_one one;
    one.execution_id = row["id"].c_str();
    one.cue_id = row["cue_id"].c_str();
    one.scheduled_for = read_instant(row["scheduled_for"].c_str());
    one.status = row["status"].c_str();
    out.executions.push_back(std::move(one));
  }
  return out;
}

result<void> replay_one(session& s, replayed_one& one, const pqxx::row& original, const std::string& new_id,
                        instant at) {
  new_execution again;
  again.id = new_id;
  again.cue_id = one.cue_id;
  again.scheduled_for = at;
  again.triggered_by = "replay";
  if (!original["payload_override"].is_null())
    again.payload_override_json = original["payload_override"].c_str();
  const auto made = create_execution(s, again);
  if (!made)
    return fail(made.error());
  one.replay_id = new_id;
  one.replay_scheduled_for = made->scheduled_for;
  one.webhook = made->webhook;
  return {};
}

} // namespace

result<bulk_replay> replay_matching(connection& db, const bulk_replay_filter& filter,
                                    const std::vector<std::string>& new_ids, instant now) {
  return db.in_transaction([&](session& s) -> result<bulk_replay> {
    const auto rows = find(s, filter, new_ids.size());
    auto out = read(rows);
    for (std::size_t i = 0; i < out.executions.size(); ++i) {
      // Instants of one cue must differ; a microsecond each keeps the order and spares the search for a free one.
      const auto at = now + std::chrono::microseconds{i};
      if (const auto made = replay_one(s, out.executions[i], rows[static_cast<int>(i)], new_ids[i], at); !made)
        return fail(made.error());
    }
    return out;
  });
}

result<bulk_replay> find_replayable(connection& db, const bulk_replay_filter& filter, std::size_t limit) {
  return db.run([&](session& s) -> result<bulk_replay> { return read(find(s, filter, limit)); });
}

} // namespace cued::persistence
