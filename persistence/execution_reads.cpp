#include <array>
#include <string_view>

#include "persistence/executions.hpp"
#include "persistence/postgres/nullable_fields.hpp"

namespace cued::persistence {
namespace {

/// Executions of callers, as many as asked at once. Each row is fetched by its key, fenced by OFFSET 0 and a scalar
/// subquery, so that no plan, however old, reads a whole table for them. Index: executions_pkey, cues_pkey.
/// One of 100 costs a quarter of what it costs alone, which is mostly the way there and back.
constexpr named_query find_executions_query{"find_executions", R"sql(
  SELECT )sql" CUED_EXECUTION_COLUMNS R"sql(, e.evidence_artifacts, e.evidence_metadata, asked.nth
  FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS asked(execution_id, user_id, nth)
  CROSS JOIN LATERAL (SELECT * FROM executions WHERE id = asked.execution_id OFFSET 0) e
  WHERE (SELECT c.user_id FROM cues c WHERE c.id = e.cue_id) = asked.user_id
)sql"};

/// Where each of CUED_EXECUTION_COLUMNS stands in a row. By number, since libpq compares names one by one.
enum column : pqxx::row::size_type {
  id,
  cue_id,
  scheduled_for,
  status,
  http_status,
  attempts,
  error_message,
  started_at,
  delivered_at,
  last_attempt_at,
  created_at,
  updated_at,
  outcome_recorded_at,
  outcome_success,
  outcome_result,
  outcome_error,
  outcome_metadata,
  claimed_by_worker,
  claimed_at,
  last_heartbeat_at,
  next_retry,
  triggered_by,
  outcome_state,
  backfilled,
  evidence_external_id,
  evidence_result_url,
  evidence_result_ref,
  evidence_result_type,
  evidence_summary,
  evidence_validation_state,
  execution_columns, ///< how many they are
  // What find_executions_query appends.
  evidence_artifacts = execution_columns,
  evidence_metadata,
  nth,
};

constexpr std::array<std::string_view, execution_columns> column_names{
    "id",
    "cue_id",
    "scheduled_for",
    "status",
    "http_status",
    "attempts",
    "error_message",
    "started_at",
    "delivered_at",
    "last_attempt_at",
    "created_at",
    "updated_at",
    "outcome_recorded_at",
    "outcome_success",
    "outcome_result",
    "outcome_error",
    "outcome_metadata",
    "claimed_by_worker",
    "claimed_at",
    "last_heartbeat_at",
    "next_retry",
    "triggered_by",
    "outcome_state",
    "backfilled",
    "evidence_external_id",
    "evidence_result_url",
    "evidence_result_ref",
    "evidence_result_type",
    "evidence_summary",
    "evidence_validation_state",
};

/// `e.id, e.cue_id, ...` names these columns in this order.
constexpr bool names_them_in_order(std::string_view select_list) {
  constexpr std::string_view separator = ", ", alias = "e.";
  for (const auto name : column_names) {
    if (!select_list.starts_with(alias) || !select_list.substr(alias.size()).starts_with(name))
      return false;
    select_list.remove_prefix(alias.size() + name.size());
    if (select_list.starts_with(separator))
      select_list.remove_prefix(separator.size());
  }
  return select_list.empty();
}
static_assert(names_them_in_order(CUED_EXECUTION_COLUMNS));

std::string text(const pqxx::field& f) { return {f.c_str(), f.size()}; }

bool is_true(const pqxx::field& f) { return !f.is_null() && f.c_str()[0] == 't'; }

/// A jsonb column can hold SQL NULL and the JSON value null; both mean that there is nothing.
std::optional<std::string> json_or_none(const pqxx::field& f) {
  auto json_text = text_or_nothing(f);
  return json_text == "null" ? std::nullopt : json_text;
}

std::optional<execution_outcome> read_outcome(const pqxx::row& row) {
  const auto recorded_at = instant_or_nothing(row[outcome_recorded_at]);
  if (!recorded_at)
    return std::nullopt;
  execution_outcome out;
  out.success = is_true(row[outcome_success]);
  out.result = text_or_nothing(row[outcome_result]);
  out.error = text_or_nothing(row[outcome_error]);
  out.metadata_json = json_or_none(row[outcome_metadata]);
  out.recorded_at = *recorded_at;
  return out;
}

execution_evidence read_evidence(const pqxx::row& row) {
  return {text_or_nothing(row[evidence_external_id]), text_or_nothing(row[evidence_result_url]),
          text_or_nothing(row[evidence_result_ref]),  text_or_nothing(row[evidence_result_type]),
          text_or_nothing(row[evidence_summary]),     text_or_nothing(row[evidence_validation_state])};
}

execution_detail read_detail(const pqxx::row& row) {
  return {read_execution(row), json_or_none(row[evidence_artifacts]), json_or_none(row[evidence_metadata])};
}

} // namespace

execution_row read_execution(const pqxx::row& row) {
  execution_row out;
  out.id = text(row[id]);
  out.cue_id = text(row[cue_id]);
  out.scheduled_for = read_instant(row[scheduled_for].c_str());
  out.status = text(row[status]);
  if (!row[http_status].is_null())
    out.http_status = row[http_status].as<int>();
  out.attempts = row[attempts].as<int>();
  out.error_message = text_or_nothing(row[error_message]);
  out.started_at = instant_or_nothing(row[started_at]);
  out.delivered_at = instant_or_nothing(row[delivered_at]);
  out.last_attempt_at = instant_or_nothing(row[last_attempt_at]);
  out.outcome = read_outcome(row);
  out.created_at = read_instant(row[created_at].c_str());
  out.updated_at = read_instant(row[updated_at].c_str());
  out.claimed_by_worker = text_or_nothing(row[claimed_by_worker]);
  out.claimed_at = instant_or_nothing(row[claimed_at]);
  out.last_heartbeat_at = instant_or_nothing(row[last_heartbeat_at]);
  out.next_retry = instant_or_nothing(row[next_retry]);
  out.triggered_by = text_or_nothing(row[triggered_by]);
  out.outcome_state = text_or_nothing(row[outcome_state]);
  out.backfilled = is_true(row[backfilled]);
  out.evidence = read_evidence(row);
  return out;
}

named_query execution_lookup_statement() { return find_executions_query; }

result<std::vector<found_execution>> find_executions(connection& db, std::span<const execution_key> asked) {
  array_builder ids, users;
  for (const auto& key : asked) {
    ids.add(key.execution_id);
    users.add(key.user_id);
  }
  const auto id_list = std::move(ids).str();
  const auto user_list = std::move(users).str();
  return db.run([&](session& s) -> result<std::vector<found_execution>> {
    std::vector<found_execution> found(asked.size());
    for (const auto& row : s.exec(find_executions_query, id_list, user_list))
      found.at(row[nth].as<std::size_t>() - 1) = read_detail(row);
    return found;
  });
}

} // namespace cued::persistence
