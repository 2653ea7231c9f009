#include "persistence/cut_off_deliveries.hpp"

namespace cued::persistence {
namespace {

/// A retry that is due already. Whoever has recorded the attempt meanwhile, or taken it over as lost, has raised
/// `attempts`, and goes before. Index: executions_pkey.
constexpr named_query hand_back_deliveries{"hand_back_deliveries", R"sql(
  UPDATE executions e
  SET status = 'retrying', next_retry = $3::timestamptz, updated_at = now(),
      error_message = 'The attempt was cut off by the end of the server, and is made again'
  FROM unnest($1::uuid[], $2::int[]) AS a(id, attempt)
  WHERE e.id = a.id AND e.status = 'delivering' AND e.attempts = a.attempt - 1
)sql"};

} // namespace

result<std::size_t> hand_back_cut_off(connection& db, const std::vector<cut_off_delivery>& cut_off, instant now) {
  array_builder ids, attempts;
  for (const auto& one : cut_off) {
    ids.add(one.execution_id);
    attempts.add(std::to_string(one.attempt));
  }
  const auto id_list = std::move(ids).str(), attempt_list = std::move(attempts).str();
  return db.run([&](session& s) -> result<std::size_t> {
    return s.exec(hand_back_deliveries, id_list, attempt_list, write_instant(now)).affected_rows();
  });
}

} // namespace cued::persistence
