#include "bench/scenarios/history_reader.hpp"

#include "bench/scenarios/work_texts.hpp"
#include "persistence/postgres/connection.hpp"

namespace cued::bench {
namespace {

using persistence::connection;
using persistence::named_query;
using persistence::session;

constexpr long rows_of_a_page = 20'000;

/// One page of everything. Index: executions_pkey.
constexpr named_query executions_after{"bench_executions_after", R"sql(
  SELECT id, cue_id, scheduled_for, claimed_by_worker, outcome_result, outcome_metadata::text, status, attempts,
         claimed_at IS NOT NULL, outcome_recorded_at IS NOT NULL, coalesce(outcome_success, false),
         delivered_at IS NOT NULL
  FROM executions
  WHERE id > $1::uuid
  ORDER BY id
  LIMIT $2::int
)sql"};

/// Index: cues_pkey, if the database's collation is that of the bytes.
constexpr named_query cues_after{"bench_cues_after", R"sql(
  SELECT id, name FROM cues WHERE id > $1::text ORDER BY id LIMIT $2::int
)sql"};

std::uint32_t number_after(std::string_view name, const pqxx::field& value) {
  if (value.is_null())
    return nobody;
  return read_number(name, {value.c_str(), value.size()});
}

std::uint32_t report_of(const pqxx::field& result, const pqxx::field& metadata) {
  const auto report = number_after(report_name, result);
  if (report == nobody)
    return metadata.is_null() ? nobody : somebody_else;
  if (report == somebody_else || metadata.is_null())
    return somebody_else;
  return metadata_as_stored(report) == std::string_view{metadata.c_str(), metadata.size()} ? report : somebody_else;
}

bool is_true(const pqxx::field& value) { return *value.c_str() == 't'; }

result<stored_execution> execution_of(const pqxx::row& row) {
  stored_execution e;
  const std::string_view id{row[0].c_str(), row[0].size()};
  const auto key = read_execution_key(id);
  const auto status = execution_status_from(row[6].c_str());
  if (!key || !status)
    return fail(500, "history_unreadable", "Execution " + std::string{id} + " has an unreadable id or status");
  e.id = *key;
  e.cue = read_cue_key({row[1].c_str(), row[1].size()});
  e.scheduled_for = persistence::read_instant({row[2].c_str(), row[2].size()});
  e.worker = number_after(worker_name, row[3]);
  e.report = report_of(row[4], row[5]);
  e.status = *status;
  e.attempts = static_cast<std::uint32_t>(row[7].as<int>());
  e.claimed_at = is_true(row[8]);
  e.outcome_recorded = is_true(row[9]);
  e.outcome_success = is_true(row[10]);
  e.delivered = is_true(row[11]);
  return e;
}

/// Pages until one is not full. `take` is given each row once.
template <class Take>
result<void> page_through(const std::string& dsn, const named_query& query, std::string after, Take&& take) {
  connection link{{dsn, "cued-bench history"}};
  for (;;) {
    auto page = link.run([&](session& s) -> result<pqxx::result> { return s.exec(query, after, rows_of_a_page); });
    if (!page)
      return fail(std::move(page.error()));
    for (const auto& row : *page)
      if (auto taken = take(row); !taken)
        return taken;
    if (page->size() < static_cast<std::size_t>(rows_of_a_page))
      return {};
    after = page->back()[0].c_str();
  }
}

} // namespace

result<void> for_each_execution(const std::string& dsn, const std::function<void(const stored_execution&)>& see) {
  // Ids are random, so none is all zeros.
  return page_through(dsn, executions_after, text_of({}), [&](const pqxx::row& row) -> result<void> {
    auto e = execution_of(row);
    if (!e)
      return fail(std::move(e.error()));
    see(*e);
    return {};
  });
}

result<void> for_each_cue(const std::string& dsn,
                          const std::function<void(std::uint64_t id, std::string_view name)>& see) {
  return page_through(dsn, cues_after, "", [&](const pqxx::row& row) -> result<void> {
    see(read_cue_key({row[0].c_str(), row[0].size()}), {row[1].c_str(), row[1].size()});
    return {};
  });
}

} // namespace cued::bench
