#include "bench/scenarios/history_check.hpp"

#include <gmock/gmock.h>

namespace cued::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

execution_key key(std::uint8_t n) {
  execution_key k;
  k.bytes.back() = n;
  return k;
}

stored_execution pending(std::uint8_t n) {
  stored_execution e;
  e.id = key(n);
  return e;
}

stored_execution claimed(std::uint8_t n, std::uint32_t worker) {
  auto e = pending(n);
  e.status = execution_status::delivering;
  e.worker = worker;
  e.claimed_at = true;
  e.attempts = 1;
  return e;
}

stored_execution done(std::uint8_t n, std::uint32_t worker, std::uint32_t report) {
  auto e = claimed(n, worker);
  e.status = execution_status::success;
  e.report = report;
  e.outcome_recorded = e.outcome_success = e.delivered = true;
  return e;
}

/// Three executions as a run leaves them: one done, one claimed, one untouched, and everybody was told so.
class history_check : public testing::Test {
protected:
  history_check() {
    history_.recorded(key(1), 101); // answers come in any order
    history_.claimed(key(2), 8);
    history_.claimed(key(1), 7);
  }

  std::vector<std::string> judge() {
    history_.begin_judging();
    for (const auto& row : rows_)
      history_.see(row);
    return history_.end_judging(3).texts();
  }

  work_history history_;
  std::vector<stored_execution> rows_{done(1, 7, 101), claimed(2, 8), pending(3)};
};

TEST_F(history_check, finds_nothing_wrong_with_a_sound_history) { EXPECT_THAT(judge(), IsEmpty()); }

TEST_F(history_check, finds_an_execution_that_two_were_told_to_have_claimed) {
  history_.claimed(key(1), 9);
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("claimed by more than one request")));
}

TEST_F(history_check, finds_an_execution_that_one_worker_was_told_twice_to_have_claimed) {
  history_.claimed(key(1), 7);
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("claimed by more than one request")));
}

TEST_F(history_check, finds_a_claim_that_the_database_gives_to_another) {
  rows_[1].worker = 9;
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("held by another worker or none")));
}

TEST_F(history_check, finds_a_claim_that_the_database_has_lost) {
  rows_[1] = pending(2);
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("held by another worker or none")));
}

TEST_F(history_check, finds_a_claim_that_nobody_was_told_of) {
  rows_[2] = claimed(3, 8);
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("held by a worker that was not told so")));
}

TEST_F(history_check, finds_a_refused_claim_that_was_done_all_the_same) {
  rows_[2] = claimed(3, 8);
  history_.claim_refused(key(3), 8);
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("held by a worker that was not told so")));
}

TEST_F(history_check, finds_an_outcome_that_the_database_has_lost) {
  rows_[0] = claimed(1, 7);
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("there is no outcome")));
}

TEST_F(history_check, finds_an_outcome_with_values_that_were_not_sent) {
  rows_[0].report = somebody_else;
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("the outcome is another")));
}

TEST_F(history_check, finds_an_outcome_that_was_told_recorded_twice) {
  history_.recorded(key(1), 102);
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("recorded more than once")));
}

TEST_F(history_check, finds_an_outcome_that_nobody_was_told_of) {
  rows_[1] = done(2, 8, 103);
  history_.report_refused(key(2), 103);
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("nobody was told of")));
}

TEST_F(history_check, finds_a_row_that_is_gone) {
  rows_.erase(rows_.begin());
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("told of, but not there"), HasSubstr("3 at the beginning, 2 at the end")));
}

TEST_F(history_check, finds_a_row_too_many) {
  rows_.push_back(pending(4));
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("3 at the beginning, 4 at the end")));
}

TEST_F(history_check, finds_states_that_a_row_cannot_be_in) {
  rows_[0].delivered = false;
  rows_[1].attempts = 2;
  rows_[2].status = execution_status::retrying;
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("3 times: in a state that it cannot be in")));
}

TEST_F(history_check, takes_a_claim_in_doubt_either_way) {
  history_.claim_in_doubt(key(3), 5);
  EXPECT_THAT(judge(), IsEmpty());
  rows_[2] = claimed(3, 5);
  EXPECT_THAT(judge(), IsEmpty());
}

TEST_F(history_check, takes_a_claim_in_doubt_from_no_other_worker) {
  history_.claim_in_doubt(key(3), 5);
  rows_[2] = claimed(3, 6);
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("held by a worker that was not told so")));
}

TEST_F(history_check, takes_an_outcome_in_doubt_either_way) {
  history_.report_in_doubt(key(2), 104);
  EXPECT_THAT(judge(), IsEmpty());
  rows_[1] = done(2, 8, 104);
  EXPECT_THAT(judge(), IsEmpty());
}

TEST_F(history_check, takes_as_many_claims_in_doubt_as_were_asked_for) {
  history_.any_claim_in_doubt(5, 1);
  rows_[2] = claimed(3, 5);
  EXPECT_THAT(judge(), IsEmpty());
}

TEST_F(history_check, takes_no_more_claims_in_doubt_than_were_asked_for) {
  history_.any_claim_in_doubt(5, 1);
  rows_[2] = claimed(3, 5);
  rows_.push_back(claimed(4, 5));
  history_.begin_judging();
  for (const auto& row : rows_)
    history_.see(row);
  EXPECT_THAT(history_.end_judging(4).texts(), ElementsAre(HasSubstr("held by a worker that was not told so")));
}

} // namespace
} // namespace cued::bench
