#include "persistence/asked_executions.hpp"

#include <gmock/gmock.h>

#include "tests/persistence/execution_rows.hpp"

namespace cued::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class asked_executions : public execution_test {
protected:
  void add_executions() {
    for (int n = 1; n <= 200; ++n)
      add_execution(n, "cue_1");
    database_.exec("ANALYZE cues, executions");
  }

  /// As a connection that goes by keys only plans it once for all batches (persistence/postgres/connection.cpp).
  std::string plan() {
    database_.exec("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; "
                   "SET plan_cache_mode = force_generic_plan");
    database_.exec("DEALLOCATE ALL");
    database_.exec("PREPARE asked(uuid[], uuid[]) AS SELECT e.id FROM unnest($1, $2) AS a(id, user_id), executions e, "
                   "cues c WHERE " CUED_IS_ASKED_FOR);
    std::string text;
    for (const auto& row : database_.exec("EXPLAIN EXECUTE asked('{}', '{}')"))
      text += row[0].as<std::string>() + "\n";
    return text;
  }

  static void expect_by_keys_and_in_order(const std::string& plan) {
    const auto asked = plan.find("Function Scan on a"), executions = plan.find("executions_pkey"),
               cues = plan.find("cues_pkey");
    EXPECT_LT(asked, executions) << plan;
    EXPECT_LT(executions, cues) << plan;
    EXPECT_NE(cues, std::string::npos) << plan;
    EXPECT_THAT(plan, Not(HasSubstr("idx_cues_user_id")));
    EXPECT_THAT(plan, Not(HasSubstr("idx_executions_cue_id")));
  }
};

TEST_F(asked_executions, are_found_by_their_keys_in_the_order_asked_before_anything_is_known_of_the_tables) {
  expect_by_keys_and_in_order(plan());
}

TEST_F(asked_executions, are_found_by_their_keys_in_the_order_asked_however_few_cues_there_seem_to_be) {
  add_worker_cue("cue_1");
  add_executions();
  expect_by_keys_and_in_order(plan());
}

TEST_F(asked_executions, are_found_by_their_keys_in_the_order_asked_however_many_cues_their_owner_has) {
  for (int n = 1; n <= 100; ++n)
    add_worker_cue("cue_" + std::to_string(n));
  add_executions();
  expect_by_keys_and_in_order(plan());
}

} // namespace
} // namespace cued::test
