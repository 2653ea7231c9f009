#include "persistence/retention.hpp"

namespace cued::persistence {
namespace {

/// Index: idx_executions_created_at, cued_outbox_execution.
constexpr named_query delete_finished{"delete_finished_executions", R"sql(
  WITH old AS (
    SELECT id FROM executions
    WHERE created_at < $1::timestamptz AND status IN ('success', 'failed', 'missed', 'outcome_timeout')
      AND (outcome_deadline_at IS NULL OR outcome_recorded_at IS NOT NULL OR status = 'outcome_timeout')
    ORDER BY created_at
    LIMIT $2::int
    FOR UPDATE SKIP LOCKED
  ), outbox AS (
    DELETE FROM dispatch_outbox o USING old WHERE o.execution_id = old.id
  )
  DELETE FROM executions e USING old WHERE e.id = old.id
)sql"};

} // namespace

result<std::size_t> delete_finished_executions(connection& db, instant before, std::size_t at_most) {
  return db.run([&](session& s) -> result<std::size_t> {
    return s.exec(delete_finished, write_instant(before), static_cast<long>(at_most)).affected_rows();
  });
}

} // namespace cued::persistence
