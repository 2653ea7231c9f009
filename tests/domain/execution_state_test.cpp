#include "domain/execution_state.hpp"

#include <array>
#include <set>

#include <gtest/gtest.h>

namespace cued {
namespace {

using enum execution_status;
using enum execution_event;

constexpr std::array all_statuses = {pending,     delivering, success,         failed,         retrying,
                                     retry_ready, missed,     pending_outcome, outcome_timeout};
constexpr std::array all_events = {sender_took_it,   sender_took_retry, worker_claimed,  delivered,     attempt_failed,
                                   quota_reached,    retry_due,         went_stale,      lease_expired, left_unclaimed,
                                   reported_success, reported_failure,  outcome_overdue, adopted};

/// One row of the table in spec/executions.md §4; `attempts_left` empty: it does not matter.
struct row {
  execution_event event;
  transport by;
  execution_status from;
  std::optional<bool> attempts_left;
  transition expected;
};

const std::vector<row> rows = {
    {sender_took_it, transport::webhook, pending, {}, {delivering}},
    {sender_took_retry, transport::webhook, retry_ready, {}, {delivering}},
    {worker_claimed, transport::worker, pending, {}, {delivering}},
    {delivered, transport::webhook, delivering, {}, {success, once_cue::completed, false}},
    {attempt_failed, transport::webhook, delivering, true, {retrying}},
    {attempt_failed, transport::webhook, delivering, false, {failed, once_cue::failed, true}},
    {quota_reached, transport::webhook, pending, {}, {failed}},
    {retry_due, transport::webhook, retrying, {}, {retry_ready}},
    {went_stale, transport::webhook, delivering, true, {retrying}},
    {went_stale, transport::webhook, delivering, false, {failed, once_cue::failed, true}},
    {lease_expired, transport::worker, delivering, {}, {pending}},
    {left_unclaimed, transport::worker, pending, {}, {missed, once_cue::failed, true}},
    {outcome_overdue, transport::webhook, success, {}, {outcome_timeout, once_cue::failed, true}},
    {outcome_overdue, transport::webhook, pending_outcome, {}, {outcome_timeout, once_cue::failed, true}},
    {outcome_overdue, transport::worker, delivering, {}, {outcome_timeout, once_cue::failed, true}},
    {outcome_overdue, transport::worker, pending_outcome, {}, {outcome_timeout, once_cue::failed, true}},
    {adopted, transport::worker, retrying, {}, {pending}},
    {adopted, transport::worker, retry_ready, {}, {pending}},
};

std::optional<transition> expected_of(const execution_state& state, execution_event event) {
  // Rows 15: a report ends a worker's execution, wherever it stands.
  if (state.transport == transport::worker && event == reported_success)
    return transition{success, once_cue::completed, false};
  if (state.transport == transport::worker && event == reported_failure)
    return transition{failed, once_cue::failed, false};
  for (const auto& r : rows) {
    if (r.event == event && r.by == state.transport && r.from == state.status &&
        r.attempts_left.value_or(state.attempts_left) == state.attempts_left)
      return r.expected;
  }
  return std::nullopt;
}

TEST(execution_state, every_cell_of_the_table_holds) {
  for (const auto status : all_statuses) {
    for (const auto by : {transport::webhook, transport::worker}) {
      for (const bool attempts_left : {true, false}) {
        for (const auto event : all_events) {
          const execution_state state{status, by, attempts_left};
          EXPECT_EQ(apply(state, event), expected_of(state, event))
              << to_text(status) << (by == transport::worker ? " worker" : " webhook") << " event "
              << static_cast<int>(event) << (attempts_left ? " attempts left" : " no attempts left");
        }
      }
    }
  }
}

TEST(execution_state, a_finished_webhook_execution_is_moved_by_nothing_but_a_missing_outcome) {
  for (const auto status : all_statuses) {
    if (!is_finished(status))
      continue;
    for (const auto event : all_events)
      EXPECT_EQ(apply({status, transport::webhook, true}, event).has_value(),
                status == success && event == outcome_overdue)
          << to_text(status);
  }
}

TEST(execution_state, only_a_report_moves_a_finished_worker_execution) {
  for (const auto status : all_statuses) {
    if (!is_finished(status))
      continue;
    for (const auto event : all_events) {
      const bool is_report = event == reported_success || event == reported_failure;
      EXPECT_EQ(apply({status, transport::worker, true}, event).has_value(), is_report) << to_text(status);
    }
  }
}

TEST(execution_state, what_may_be_replayed_is_what_is_finished) {
  std::set<std::string_view> finished;
  for (const auto status : all_statuses) {
    if (is_finished(status))
      finished.insert(to_text(status));
  }
  EXPECT_EQ(finished, (std::set<std::string_view>{"success", "failed", "missed", "outcome_timeout"}));
}

TEST(execution_state, the_text_of_each_status_reads_back) {
  for (const auto status : all_statuses)
    EXPECT_EQ(execution_status_from(to_text(status)), status);
  EXPECT_EQ(to_text(retry_ready), "retry_ready");
  EXPECT_EQ(execution_status_from("running"), std::nullopt);
  EXPECT_EQ(execution_status_from(""), std::nullopt);
}

} // namespace
} // namespace cued
