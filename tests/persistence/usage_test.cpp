#include "persistence/usage.hpp"

#include "tests/persistence/account_rows.hpp"

using namespace cued;
using namespace cued::persistence;
using namespace cued::test;

namespace {

constexpr const char* november = "2026-11-01";

class usage_counting : public account_test {
protected:
  void add_cue(const std::string& id, const std::string& user_id, const std::string& status) {
    database_.exec("INSERT INTO cues (id, user_id, name, status, schedule_type) VALUES ('" + id + "', '" + user_id +
                   "', '" + id + "', '" + status + "', 'once')");
  }

  /// `outcome`: true, false, or NULL for none.
  void add_execution(const std::string& cue_id, const std::string& status, const std::string& outcome,
                     const std::string& created_at = "2026-11-20 12:00+00") {
    database_.exec("INSERT INTO executions (id, cue_id, scheduled_for, status, outcome_success, outcome_recorded_at, "
                   "created_at) VALUES (gen_random_uuid(), '" +
                   cue_id + "', timestamptz '2026-11-01' + interval '1 s' * " + std::to_string(++slots_) + ", '" +
                   status + "', " + outcome + ", CASE WHEN " + outcome + "::boolean IS NOT NULL THEN now() END, '" +
                   created_at + "')");
  }

private:
  int slots_ = 0;
};

} // namespace

TEST_F(usage_counting, the_month_of_a_user_without_a_row_is_zero) { EXPECT_EQ(monthly_usage(link_, ada, november), 0); }

TEST_F(usage_counting, the_month_and_the_user_choose_the_row) {
  database_.exec("INSERT INTO usage_monthly (user_id, month_start, execution_count) VALUES "
                 "('" +
                 ada + "', '2026-11-01', 240), ('" + ada + "', '2026-10-01', 7), ('" + bob + "', '2026-11-01', 9)");
  EXPECT_EQ(monthly_usage(link_, ada, november), 240);
  EXPECT_EQ(read_usage(link_, ada, november)->executions, 240);
}

TEST_F(usage_counting, active_and_paused_cues_are_used) {
  add_cue("cue_a", ada, "active");
  add_cue("cue_b", ada, "paused");
  add_cue("cue_c", ada, "completed");
  ASSERT_TRUE(insert_user(link_, registration(bob, "bob@b.com", "hash-of-bob"), some_act()));
  add_cue("cue_d", bob, "active");
  EXPECT_EQ(read_usage(link_, ada, november)->cues, 2);
}

TEST_F(usage_counting, outcomes_are_counted_by_report_and_failures_also_without_one) {
  add_cue("cue_a", ada, "active");
  add_execution("cue_a", "success", "true");
  add_execution("cue_a", "success", "true");
  add_execution("cue_a", "success", "false");
  add_execution("cue_a", "failed", "NULL");
  add_execution("cue_a", "missed", "NULL");
  add_execution("cue_a", "success", "NULL");
  add_execution("cue_a", "failed", "true");
  const auto counts = read_usage(link_, ada, november);
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->outcomes_reported, 4);
  EXPECT_EQ(counts->outcomes_succeeded, 3);
  EXPECT_EQ(counts->outcomes_failed, 3);
}

TEST_F(usage_counting, outcomes_begin_with_the_utc_month) {
  add_cue("cue_a", ada, "active");
  add_execution("cue_a", "success", "true", "2026-10-31 23:59:59.999999+00");
  add_execution("cue_a", "success", "true", "2026-11-01 00:00:00+00");
  EXPECT_EQ(read_usage(link_, ada, november)->outcomes_reported, 1);
}
