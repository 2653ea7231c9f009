#include "bench/scenarios/fire_reader.hpp"

namespace cued::bench {
namespace {

using persistence::named_query;
using persistence::session;
using persistence::write_instant;

/// Once after a run; whole numbers are read faster than the text of timestamps.
constexpr named_query fires_in_span{"bench_fires_in_span", R"sql(
  SELECT id, (extract(epoch FROM scheduled_for) * 1000000)::bigint, (extract(epoch FROM created_at) * 1000000)::bigint,
         (extract(epoch FROM CASE WHEN status = 'success' THEN coalesce(delivered_at, outcome_recorded_at) END)
            * 1000000)::bigint
  FROM executions
  WHERE scheduled_for BETWEEN $1::timestamptz AND $2::timestamptz AND triggered_by IS NULL
)sql"};

/// Once after a run.
constexpr named_query cues_in_span{"bench_cues_in_span", R"sql(
  SELECT id, (extract(epoch FROM schedule_at) * 1000000)::bigint
  FROM cues WHERE schedule_type = 'once' AND schedule_at BETWEEN $1::timestamptz AND $2::timestamptz
)sql"};

/// Index: cues_pkey, users_pkey.
constexpr named_query secrets_of_cues{"bench_secrets_of_cues", R"sql(
  SELECT c.id, u.webhook_secret FROM cues c JOIN users u ON u.id = c.user_id WHERE c.id = ANY($1::text[])
)sql"};

/// Index: idx_cues_due. Ends at the first row that is still due, and marks the dead entries that it has passed.
constexpr named_query anything_due{"bench_anything_due", R"sql(
  SELECT EXISTS (SELECT 1 FROM cues WHERE status = 'active' AND next_run IS NOT NULL
                   AND next_run BETWEEN $1::timestamptz AND $2::timestamptz)
)sql"};

/// Reads the whole table: for the end of a run, when nothing is measured any more.
constexpr named_query successes_in_span{"bench_successes_in_span", R"sql(
  SELECT count(*) FROM executions
  WHERE scheduled_for BETWEEN $1::timestamptz AND $2::timestamptz AND triggered_by IS NULL AND status = 'success'
)sql"};

persistence::connection_options options_for(const std::string& dsn) { return {dsn, "cued-bench"}; }

instant from_microseconds(std::int64_t value) { return instant{std::chrono::microseconds{value}}; }

} // namespace

result<std::vector<stored_fire>> read_fires(const std::string& dsn, const due_span& span) {
  persistence::connection link{options_for(dsn)};
  return link.run([&](session& s) -> result<std::vector<stored_fire>> {
    const auto rows = s.exec(fires_in_span, write_instant(span.first), write_instant(span.last));
    std::vector<stored_fire> out;
    out.reserve(rows.size());
    for (const auto& row : rows) {
      const auto id = read_execution_key(row[0].c_str());
      if (!id)
        return fail(500, "unreadable_id", std::string{"not the id of an execution: "} + row[0].c_str());
      stored_fire fire{
          *id, from_microseconds(row[1].as<std::int64_t>()), from_microseconds(row[2].as<std::int64_t>()), {}};
      if (!row[3].is_null())
        fire.succeeded = from_microseconds(row[3].as<std::int64_t>());
      out.push_back(fire);
    }
    return out;
  });
}

result<void> for_each_due_cue(const std::string& dsn, const due_span& span,
                              const std::function<void(std::uint64_t cue, instant due)>& see) {
  persistence::connection link{options_for(dsn)};
  return link.run([&](session& s) -> result<void> {
    for (const auto& row : s.exec(cues_in_span, write_instant(span.first), write_instant(span.last)))
      see(read_cue_key(row[0].c_str()), from_microseconds(row[1].as<std::int64_t>()));
    return {};
  });
}

result<std::map<std::string, std::string>> webhook_secrets(const std::string& dsn,
                                                           const std::vector<std::string>& cue_ids) {
  persistence::array_builder list;
  for (const auto& id : cue_ids)
    list.add(id);
  const auto ids = std::move(list).str();
  persistence::connection link{options_for(dsn)};
  return link.run([&](session& s) -> result<std::map<std::string, std::string>> {
    std::map<std::string, std::string> out;
    for (const auto& row : s.exec(secrets_of_cues, ids))
      out.emplace(row[0].c_str(), row[1].c_str());
    return out;
  });
}

fire_watch::fire_watch(const std::string& dsn) : link_{options_for(dsn)} {}

result<bool> fire_watch::all_fired(const due_span& span) {
  return link_.run([&](session& s) -> result<bool> {
    return !s.exec(anything_due, write_instant(span.first), write_instant(span.last))[0][0].as<bool>();
  });
}

result<std::uint64_t> fire_watch::succeeded(const due_span& span) {
  return link_.run([&](session& s) -> result<std::uint64_t> {
    return s.exec(successes_in_span, write_instant(span.first), write_instant(span.last))[0][0].as<std::uint64_t>();
  });
}

} // namespace cued::bench
