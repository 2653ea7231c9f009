#include "persistence/outbox.hpp"

#include "domain/execution_state.hpp"
#include "domain/json/value.hpp"
#include "tests/persistence/execution_rows.hpp"

using namespace cued;
using namespace cued::persistence;
using namespace cued::test;
using namespace std::chrono_literals;

namespace {

class outbox : public execution_test {
protected:
  result<created_execution> create(const new_execution& wanted) {
    return link_.in_transaction([&](session& s) { return create_execution(s, wanted); });
  }

  new_execution fired(int n, const std::string& cue_id) {
    new_execution out;
    out.id = execution_id(n);
    out.cue_id = cue_id;
    out.scheduled_for = now_;
    out.triggered_by = "manual_fire";
    return out;
  }

  /// A member of the one outbox row's snapshot, as JSON text.
  std::string snapshot(const std::string& member) {
    return database_.value("SELECT payload -> " + quoted(member) + " FROM dispatch_outbox");
  }
  std::string outbox_rows() { return database_.value("SELECT count(*) FROM dispatch_outbox"); }
};

class replay : public outbox {
protected:
  result<replayed_execution> replay_of(int original, int as, const std::string& user = ada) {
    return replay_execution(link_, user, execution_id(original), execution_id(as), now_);
  }
};

} // namespace

TEST_F(outbox, a_webhook_execution_comes_with_its_snapshot) {
  add_cue("cue_a", {{"name", "'Zürich'"},
                    {"callback_method", "'PUT'"},
                    {"callback_headers", "'{\"X-A\": \"1\"}'"},
                    {"payload", "'{\"n\": 1.50}'"},
                    {"retry_max_attempts", "5"},
                    {"retry_backoff_minutes", "'[2, 4]'"}});
  const auto made = create(fired(1, "cue_a"));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->webhook);
  EXPECT_EQ(made->scheduled_for, now_);
  EXPECT_EQ(column(1, "status"), "pending");
  EXPECT_EQ(column(1, "attempts"), "0");
  EXPECT_EQ(column(1, "triggered_by"), "manual_fire");
  EXPECT_EQ(column(1, "outcome_metadata"), "");
  EXPECT_EQ(database_.value("SELECT concat_ws(' ', execution_id, cue_id, task_type, dispatched, dispatch_attempts, "
                            "scheduled_at IS NULL) FROM dispatch_outbox"),
            execution_id(1) + " cue_a deliver f 0 t");
  EXPECT_EQ(snapshot("cue_id"), R"("cue_a")");
  EXPECT_EQ(snapshot("cue_name"), R"("Zürich")");
  EXPECT_EQ(snapshot("user_id"), '"' + ada + '"');
  EXPECT_EQ(snapshot("execution_id"), '"' + execution_id(1) + '"');
  EXPECT_EQ(snapshot("scheduled_for"), R"("2026-11-24T13:00:00+00:00")");
  EXPECT_EQ(snapshot("callback_url"), R"("https://example.com/hook")");
  EXPECT_EQ(snapshot("callback_method"), R"("PUT")");
  EXPECT_EQ(snapshot("callback_headers"), R"({"X-A": "1"})");
  EXPECT_EQ(snapshot("payload"), R"({"n": 1.50})");
  EXPECT_EQ(snapshot("retry_max_attempts"), "5");
  EXPECT_EQ(snapshot("retry_backoff_minutes"), "[2, 4]");
  EXPECT_EQ(snapshot("webhook_secret"), "\"whsec_" + std::string(64, 'a') + '"');
  EXPECT_EQ(database_.value("SELECT count(*) FROM dispatch_outbox, jsonb_object_keys(payload)"), "12");
}

TEST_F(outbox, a_fraction_of_a_second_has_six_digits_in_the_snapshot) {
  add_cue("cue_a");
  auto wanted = fired(1, "cue_a");
  wanted.scheduled_for = now_ + 500ms;
  ASSERT_TRUE(create(wanted));
  EXPECT_EQ(snapshot("scheduled_for"), R"("2026-11-24T13:00:00.500000+00:00")");
}

TEST_F(outbox, nulls_in_the_cue_become_the_empty_objects_that_receivers_expect) {
  add_cue("cue_a", {{"callback_headers", "'null'"}, {"payload", "NULL"}});
  ASSERT_TRUE(create(fired(1, "cue_a")));
  EXPECT_EQ(snapshot("callback_headers"), "{}");
  EXPECT_EQ(snapshot("payload"), "{}");
}

TEST_F(outbox, a_backoff_list_that_says_nothing_becomes_the_default) {
  int n = 0;
  for (const std::string empty : {"[]", "0", "null", "\"\"", "{}", "false"}) {
    const auto cue = "cue_" + std::to_string(++n);
    add_cue(cue, {{"retry_backoff_minutes", quoted(empty)}});
    ASSERT_TRUE(create(fired(n, cue)));
    EXPECT_EQ(snapshot("retry_backoff_minutes"), "[1, 5, 15]") << empty;
    database_.exec("DELETE FROM dispatch_outbox");
  }
  add_cue("cue_five", {{"retry_backoff_minutes", "'5'"}});
  ASSERT_TRUE(create(fired(50, "cue_five")));
  EXPECT_EQ(snapshot("retry_backoff_minutes"), "5");
}

TEST_F(outbox, the_future_waits_in_the_spelling_of_the_client) {
  add_cue("cue_a");
  auto wanted = fired(1, "cue_a");
  wanted.scheduled_for = now_ + 1h;
  wanted.scheduled_for_text = "2026-11-24T16:00:00+02:00";
  wanted.in_the_future = true;
  ASSERT_TRUE(create(wanted));
  EXPECT_EQ(snapshot("scheduled_for"), R"("2026-11-24T16:00:00+02:00")");
  EXPECT_EQ(database_.value("SELECT scheduled_at FROM dispatch_outbox"), "2026-11-24 14:00:00+00");
}

TEST_F(outbox, a_worker_execution_and_one_without_a_url_have_no_outbox_row) {
  add_worker_cue("cue_w");
  add_cue("cue_nowhere", {{"callback_url", "NULL"}});
  const auto by_worker = create(fired(1, "cue_w"));
  ASSERT_TRUE(by_worker);
  EXPECT_FALSE(by_worker->webhook);
  EXPECT_TRUE(create(fired(2, "cue_nowhere"))->webhook);
  EXPECT_EQ(column(1, "status"), "pending");
  EXPECT_EQ(outbox_rows(), "0");
}

TEST_F(outbox, an_override_and_a_stamp_are_kept_with_the_execution) {
  add_cue("cue_a", {{"payload", "'{\"a\": 1}'"}});
  auto wanted = fired(1, "cue_a");
  wanted.payload_override_json = R"({"b":2})";
  wanted.outcome_metadata_json = "null";
  ASSERT_TRUE(create(wanted));
  EXPECT_EQ(snapshot("payload"), R"({"b": 2})");
  EXPECT_EQ(column(1, "payload_override"), R"({"b": 2})");
  EXPECT_EQ(column(1, "outcome_metadata"), "null");
}

TEST_F(outbox, an_instant_that_is_taken_is_moved_on_by_a_microsecond) {
  add_cue("cue_a");
  add_cue("cue_b");
  auto first = fired(1, "cue_a");
  first.scheduled_for_text = "2026-11-24T15:00:00+02:00";
  auto second = first;
  second.id = execution_id(2);
  ASSERT_TRUE(create(first));
  const auto moved = create(second);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->scheduled_for, now_ + 1us);
  EXPECT_EQ(database_.value("SELECT payload ->> 'scheduled_for' FROM dispatch_outbox WHERE execution_id = " +
                            quoted(execution_id(2))),
            "2026-11-24T13:00:00.000001+00:00");
  EXPECT_EQ(create(fired(3, "cue_a"))->scheduled_for, now_ + 2us);
  EXPECT_EQ(create(fired(4, "cue_b"))->scheduled_for, now_);
  EXPECT_EQ(outbox_rows(), "4");
}

TEST_F(outbox, a_cue_that_is_gone_gets_nothing) {
  const auto made = create(fired(1, "cue_gone"));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, "cue_not_found");
  EXPECT_EQ(database_.value("SELECT count(*) FROM executions"), "0");
}

// -- replay ------------------------------------------------------------------

TEST_F(replay, a_finished_execution_runs_again_as_a_new_one) {
  add_cue("cue_a", {{"payload", "'{\"now\": true}'"}});
  add_execution(1, "cue_a", {{"status", "'failed'"}, {"error_message", "'boom'"}});
  const auto made = replay_of(1, 2);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->id, execution_id(2));
  EXPECT_EQ(made->cue_id, "cue_a");
  EXPECT_EQ(made->scheduled_for, now_);
  EXPECT_TRUE(made->webhook);
  EXPECT_EQ(column(2, "status"), "pending");
  EXPECT_EQ(column(2, "triggered_by"), "replay");
  EXPECT_EQ(column(2, "outcome_metadata"), "");
  EXPECT_EQ(snapshot("payload"), R"({"now": true})");
  EXPECT_EQ(column(1, "status"), "failed");
  EXPECT_EQ(column(1, "error_message"), "boom");
}

TEST_F(replay, takes_the_payload_of_the_original_fire_along) {
  add_worker_cue("cue_w");
  add_execution(1, "cue_w", {{"status", "'success'"}, {"payload_override", "'{\"b\": 2}'"}});
  const auto made = replay_of(1, 2);
  ASSERT_TRUE(made);
  EXPECT_FALSE(made->webhook);
  EXPECT_EQ(column(2, "payload_override"), R"({"b": 2})");
  EXPECT_EQ(outbox_rows(), "0");
}

TEST_F(replay, is_for_every_finished_status_and_no_other) {
  using enum execution_status;
  int n = 0;
  for (const auto status :
       {pending, delivering, success, failed, retrying, retry_ready, missed, pending_outcome, outcome_timeout}) {
    const auto cue = "cue_" + std::to_string(++n);
    add_cue(cue);
    add_execution(n, cue, {{"status", quoted(std::string{to_text(status)})}});
    const auto made = replay_of(n, 100 + n);
    EXPECT_EQ(made.has_value(), is_finished(status)) << to_text(status);
    if (!made) {
      EXPECT_EQ(made.error().status, 409);
      EXPECT_EQ(made.error().code, "execution_in_flight");
    }
  }
  EXPECT_EQ(outbox_rows(), "4");
}

TEST_F(replay, twice_at_the_same_microsecond_makes_two) {
  add_cue("cue_a");
  add_execution(1, "cue_a", {{"status", "'success'"}});
  ASSERT_TRUE(replay_of(1, 2));
  const auto second = replay_of(1, 3);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->scheduled_for, now_ + 1us);
}

TEST_F(replay, of_another_user_s_execution_is_not_possible) {
  add_cue("cue_a");
  add_execution(1, "cue_a", {{"status", "'success'"}});
  EXPECT_EQ(replay_of(1, 2, bob).error().code, "execution_not_found");
  EXPECT_EQ(replay_of(9, 2).error().code, "execution_not_found");
  EXPECT_EQ(database_.value("SELECT count(*) FROM executions"), "1");
}
