#include <gmock/gmock.h>

#include <sstream>

#include "persistence/claim_store.hpp"
#include "persistence/clock_store.hpp"
#include "persistence/cue_changes.hpp"
#include "persistence/cue_counts.hpp"
#include "persistence/cue_runs.hpp"
#include "persistence/delivery_store.hpp"
#include "persistence/executions.hpp"
#include "persistence/outcome_store.hpp"
#include "tests/persistence/execution_rows.hpp"

namespace cued::test {
namespace {

using persistence::named_query;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct pinned {
  named_query statement;
  std::vector<std::string> indexes;
};

/// The statements that run many times a second, and the indexes without which each would read a whole table.
std::vector<pinned> hot_statements() {
  const auto claims = persistence::postgres_claim_store::statements();
  const auto outcomes = persistence::postgres_outcome_store::statements();
  const auto fires = persistence::postgres_clock_store::statements();
  const auto deliveries = persistence::postgres_delivery_store::statements();
  return {
      {claims.at(0), {"executions_pkey", "cues_pkey"}},
      {claims.at(1), {"executions_pkey", "cues_pkey"}},
      {claims.at(2), {"open_executions_ready", "executions_pkey"}},
      {claims.at(3), {"open_executions_ready", "executions_pkey"}},
      {claims.at(4), {"executions_pkey", "cues_pkey"}},
      {outcomes.at(0), {"executions_pkey", "cues_pkey", "open_executions_pkey"}},
      {outcomes.at(1), {"executions_pkey", "cues_pkey", "open_executions_pkey"}},
      {outcomes.at(2), {"executions_pkey", "cues_pkey", "open_executions_pkey"}},
      {outcomes.at(3), {"executions_pkey", "cues_pkey", "open_executions_pkey"}},
      {fires.at(0), {"idx_cues_due"}},
      {fires.at(1), {"cues_pkey"}},
      {fires.at(2), {"cues_pkey", "open_executions_pkey", "nodes_pkey"}},
      {fires.at(3), {"cues_pkey", "users_pkey", "nodes_pkey"}},
      {deliveries.at(0),
       {"executions_pkey", "cues_pkey", "users_pkey", "usage_monthly", "cued_outbox_execution", "open_executions_pkey",
        "nodes_pkey"}},
      {deliveries.at(1),
       {"executions_pkey", "cues_pkey", "users_pkey", "cued_outbox_execution", "open_executions_pkey", "nodes_pkey"}},
      {persistence::fold_statement(), {"cue_runs_by_cue", "cues_pkey"}},
      {persistence::fold_cue_counts_statement(), {"cue_count_changes_by_user", "cue_counts_by_user"}},
      {persistence::execution_lookup_statement(), {"executions_pkey", "cues_pkey"}}};
}

/// The plan that a connection of the engine keeps for a statement, whatever its arguments.
class plans : public execution_test {
protected:
  std::string plan_of(const named_query& statement) { return plan_of(statement, by_keys_); }

  std::string plan_of(const named_query& statement, persistence::connection& on) {
    std::string text;
    const auto explained = on.run([&](persistence::session& s) -> result<void> {
      s.exec_text("PREPARE looked_at AS " + std::string{statement.sql});
      const auto parameters =
          s.exec_text("SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'looked_at'");
      std::string nothing;
      for (int i = 0; i < parameters[0][0].as<int>(); ++i)
        nothing += i == 0 ? "(NULL" : ", NULL";
      for (const auto& row : s.exec_text("EXPLAIN EXECUTE looked_at" + (nothing.empty() ? "" : nothing + ")")))
        text += row[0].as<std::string>() + "\n";
      s.exec_text("DEALLOCATE looked_at");
      return {};
    });
    EXPECT_TRUE(explained) << statement.name;
    return text;
  }

  /// Scans that walk through all of an index because they look for nothing in it.
  static std::vector<std::string> whole_indexes(const std::string& plan) {
    std::vector<std::string> out;
    std::istringstream lines{plan};
    std::string line, next;
    std::getline(lines, line);
    for (; std::getline(lines, next); line = next)
      if (line.find("Scan using") != std::string::npos && next.find("Index Cond:") == std::string::npos)
        out.push_back(line);
    return out;
  }

  void expect_every_row_by_its_key() {
    for (const auto& [statement, indexes] : hot_statements()) {
      SCOPED_TRACE(statement.name);
      const auto plan = plan_of(statement);
      for (const auto& index : indexes)
        EXPECT_THAT(plan, HasSubstr(index));
      EXPECT_THAT(whole_indexes(plan), IsEmpty()) << plan;
      EXPECT_THAT(plan, AllOf(Not(HasSubstr("Seq Scan on executions")), Not(HasSubstr("Seq Scan on cues")),
                              Not(HasSubstr("Seq Scan on dispatch_outbox")), Not(HasSubstr("Seq Scan on users")),
                              Not(HasSubstr("Seq Scan on open_executions")), Not(HasSubstr("Seq Scan on cue_runs")),
                              Not(HasSubstr("Seq Scan on cue_count"))));
    }
  }

  /// A thousand accounts, and Ada's two thousand cues with a past of ten runs each, of which one in ten is open.
  void fill() {
    database_.exec("INSERT INTO users (id, email, api_key_hash, api_key_prefix, slug, webhook_secret) "
                   "SELECT gen_random_uuid(), n || '@x.com', 'hash ' || n, 'cue_sk_' || n, 'slug-' || n, 'whsec_' || n "
                   "FROM generate_series(1, 1000) AS n");
    database_.exec("INSERT INTO cued.quota_grace (user_id, month_start, started_at) "
                   "SELECT id, '2026-11-01', now() FROM users");
    database_.exec(
        "INSERT INTO cues (id, user_id, name, status, schedule_type, schedule_cron, callback_transport, next_run) "
        "SELECT 'cue_' || n, " +
        quoted(ada) +
        ", 'name ' || n, 'active', 'recurring', '* * * * *', "
        "CASE n % 2 WHEN 0 THEN 'worker' ELSE 'webhook' END, now() + n * interval '1 minute' "
        "FROM generate_series(1, 2000) AS n");
    database_.exec("INSERT INTO executions (id, cue_id, scheduled_for, status, attempts, created_at, updated_at) "
                   "SELECT gen_random_uuid(), 'cue_' || c, now() - n * interval '1 minute', "
                   "CASE n WHEN 1 THEN 'pending' ELSE 'success' END, 0, now(), now() "
                   "FROM generate_series(1, 2000) AS c, generate_series(1, 10) AS n");
    database_.exec("INSERT INTO dispatch_outbox (execution_id, cue_id, task_type, payload, dispatched, "
                   "dispatch_attempts, created_at) "
                   "SELECT id, cue_id, 'deliver', '{}', status <> 'pending', 0, now() FROM executions");
    database_.exec("ANALYZE");
  }

  persistence::connection by_keys_{persistence::by_keys(database_.options())};
};

TEST_F(plans, find_every_row_by_its_key_when_made_of_full_tables) {
  fill();
  expect_every_row_by_its_key();
}

TEST_F(plans, find_every_row_by_its_key_when_made_before_there_was_anything) { expect_every_row_by_its_key(); }

TEST_F(plans, of_lists_reach_executions_through_their_cues) {
  fill();
  const auto through_cues = AnyOf(HasSubstr("cued_executions_cue_created"), HasSubstr("idx_executions_cue_id"));
  for (const auto& list : persistence::execution_list_statements()) {
    SCOPED_TRACE(list.name);
    const auto plan = plan_of(list);
    EXPECT_THAT(plan, Not(HasSubstr("Seq Scan on executions")));
    EXPECT_THAT(plan, AnyOf(through_cues, HasSubstr("open_executions_pkey")));
  }
}

/// What these cost must not grow with how many cues an account has, so nothing is counted or sorted. On an ordinary
/// connection: that is where they run.
TEST_F(plans, of_creating_and_listing_cues_do_not_read_all_cues_of_an_account) {
  fill();
  database_.exec("UPDATE cues SET status = 'paused' WHERE id LIKE '%7'; ANALYZE");
  const auto lists = persistence::cue_list_statements();
  const std::vector<std::string> indexes{"idx_cues_user_id", "idx_cues_status"};
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    SCOPED_TRACE(lists.at(i).name);
    const auto plan = plan_of(lists.at(i), link_);
    EXPECT_THAT(plan, HasSubstr("Scan Backward using " + indexes.at(i)));
    EXPECT_THAT(plan, AllOf(HasSubstr("Index Scan using cues_pkey"), HasSubstr("cue_counts_of"),
                            Not(HasSubstr("Hash Join")), Not(HasSubstr("Merge Join"))));
  }
  const auto admission = plan_of(persistence::cue_admission_statement(), link_);
  EXPECT_THAT(admission, AllOf(HasSubstr("unique_user_cue_name"), HasSubstr("cue_counts_of"),
                               Not(HasSubstr("Seq Scan")), Not(HasSubstr("idx_cues"))));
}

TEST_F(plans, of_counts_read_by_the_account_also_when_made_before_there_was_anything) {
  const auto counted = link_.in_transaction([&](persistence::session& s) -> result<std::string> {
    const std::string count = "SELECT cues FROM cued.cue_counts_of(" + quoted(ada) + ")";
    s.exec_text(count);
    fill();
    s.exec_text(count);
    return s
        .exec_text("SELECT string_agg(relname || ' ' || seq_scan || ' ' || (idx_scan > 0), ', ' ORDER BY relname) "
                   "FROM pg_stat_xact_all_tables WHERE schemaname = 'cued' AND relname LIKE 'cue\\_count%'")[0][0]
        .as<std::string>();
  });
  EXPECT_EQ(counted, "cue_count_changes 0 true, cue_counts 0 true");
}

} // namespace
} // namespace cued::test
