#include <gmock/gmock.h>

#include "persistence/claim_store.hpp"
#include "persistence/clock_store.hpp"
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
      {outcomes.at(0), {"executions_pkey", "cues_pkey", "open_executions_pkey"}},
      {outcomes.at(1), {"executions_pkey", "cues_pkey", "open_executions_pkey"}},
      {fires.at(0), {"idx_cues_due"}},
      {fires.at(1), {"cues_pkey"}},
      {fires.at(2), {"cues_pkey", "open_executions_pkey", "nodes_pkey"}},
      {deliveries.at(0),
       {"executions_pkey", "cues_pkey", "users_pkey", "cued_outbox_execution", "open_executions_pkey", "nodes_pkey"}},
      {persistence::fold_statement(), {"cue_runs_by_cue", "cues_pkey"}},
      {persistence::execution_lookup_statement(), {"executions_pkey", "cues_pkey"}}};
}

/// The plan that a connection of the engine keeps for a statement, whatever its arguments.
class plans : public execution_test {
protected:
  std::string plan_of(const named_query& statement) {
    std::string text;
    const auto explained = by_keys_.run([&](persistence::session& s) -> result<void> {
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

  void expect_every_row_by_its_key() {
    for (const auto& [statement, indexes] : hot_statements()) {
      SCOPED_TRACE(statement.name);
      const auto plan = plan_of(statement);
      for (const auto& index : indexes)
        EXPECT_THAT(plan, HasSubstr(index));
      EXPECT_THAT(plan, AllOf(Not(HasSubstr("Seq Scan on executions")), Not(HasSubstr("Seq Scan on cues")),
                              Not(HasSubstr("Seq Scan on dispatch_outbox")), Not(HasSubstr("Seq Scan on users")),
                              Not(HasSubstr("Seq Scan on open_executions")), Not(HasSubstr("Seq Scan on cue_runs"))));
    }
  }

  /// Two thousand cues with a past of ten runs each, of which one in ten is open.
  void fill() {
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

} // namespace
} // namespace cued::test
