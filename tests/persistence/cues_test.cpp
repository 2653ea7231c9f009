#include "persistence/cues.hpp"

#include <latch>
#include <thread>

#include "persistence/cue_changes.hpp"
#include "tests/persistence/execution_rows.hpp"

using namespace cued;
using namespace cued::persistence;
using namespace cued::test;
using namespace std::chrono_literals;

namespace {

class cues : public execution_test {
protected:
  /// A complete cue of Ada's; the last characters of id and name tell them apart.
  static new_cue cue(const std::string& which) {
    new_cue out;
    out.id = "cue_" + which;
    out.user_id = ada;
    out.name = "name " + which;
    out.transport = "webhook";
    out.schedule = {"recurring", "0 9 * * *", std::nullopt, "Europe/Paris"};
    out.callback_url = "https://example.com/";
    out.callback_method = "PUT";
    out.callback_headers_json = R"({"X-A":"1"})";
    out.payload_json = R"({"long":1,"a":{"b":1.5,"c":"ü"}})";
    out.retry.max_attempts = 5;
    out.retry.backoff_json = "[2,4]";
    out.on_failure_json = R"({"email":true,"webhook":null,"pause":false})";
    return out;
  }

  result<cue_row> create(const std::string& which, std::optional<int> limit = std::nullopt) {
    return create_cue(link_, cue(which), limit);
  }

  result<cue_row> change(const std::string& cue_id, const cue_changes& changes, const std::string& user = ada) {
    return change_cue(link_, user, cue_id, [&](const cue_before_change&) -> result<cue_changes> { return changes; });
  }

  std::string of_cue(const std::string& cue_id, const std::string& column) {
    return database_.value("SELECT " + column + " FROM cues WHERE id = " + quoted(cue_id));
  }
};

class cues_before_change : public cues {
protected:
  cue_before_change seen_before(const std::string& cue_id) {
    cue_before_change seen;
    const auto changed = change_cue(link_, ada, cue_id, [&](const cue_before_change& before) -> result<cue_changes> {
      seen = before;
      return cue_changes{};
    });
    EXPECT_TRUE(changed.has_value());
    return seen;
  }
  const columns at_one_minute_{{"schedule_type", "'once'"}, {"schedule_at", "'2026-11-24 00:01:00+00'"}};
};

class firing_cues : public cues {
protected:
  cue_firing firing(const std::string& cue_id) {
    cue_firing out;
    out.user_id = ada;
    out.cue_id = cue_id;
    out.execution_id = execution_id(1);
    out.scheduled_for = now_;
    return out;
  }

  void attach_session(const std::string& cue_id, const std::string& owner, const std::string& transport = "ipc",
                      const std::string& detached_at = "NULL") {
    database_.exec("INSERT INTO agents (id, user_id, slug, display_name, status, created_at, updated_at) "
                   "VALUES ('agt_a', " +
                   quoted(owner) + ", 'a', 'A', 'online', now(), now())");
    database_.exec("INSERT INTO agent_live_sessions (agent_id, label, cue_id, task_name, transport, detached_at) "
                   "VALUES ('agt_a', 'main', " +
                   quoted(cue_id) + ", 'task', " + quoted(transport) + ", " + detached_at + ")");
  }
};

} // namespace

// -- create --------------------------------------------------------------

TEST_F(cues, what_was_created_is_read_back_as_it_was) {
  auto wanted = cue("a");
  wanted.description = "d";
  wanted.verification_mode = "manual";
  wanted.next_run = now_;
  const auto made = create_cue(link_, wanted, 1);
  ASSERT_TRUE(made) << made.error().message;
  const auto found = find_cue(link_, ada, "cue_a");
  ASSERT_TRUE(found);
  for (const auto& row : {*made, *found}) {
    EXPECT_EQ(row.id, "cue_a");
    EXPECT_EQ(row.name, "name a");
    EXPECT_EQ(row.description, "d");
    EXPECT_EQ(row.status, "active");
    EXPECT_EQ(row.transport, "webhook");
    EXPECT_EQ(row.schedule_type, "recurring");
    EXPECT_EQ(row.cron, "0 9 * * *");
    EXPECT_EQ(row.at, std::nullopt);
    EXPECT_EQ(row.timezone, "Europe/Paris");
    EXPECT_EQ(row.callback_url, "https://example.com/");
    EXPECT_EQ(row.callback_method, "PUT");
    EXPECT_EQ(row.callback_headers_json, R"({"X-A": "1"})");
    EXPECT_EQ(row.payload_json, R"({"a": {"b": 1.5, "c": "ü"}, "long": 1})");
    EXPECT_EQ(row.retry.max_attempts, 5);
    EXPECT_EQ(row.retry.backoff_json, "[2, 4]");
    EXPECT_EQ(row.on_failure_json, R"({"email": true, "pause": false, "webhook": null})");
    EXPECT_EQ(row.verification_mode, "manual");
    EXPECT_EQ(row.next_run, now_);
    EXPECT_EQ(row.last_run, std::nullopt);
    EXPECT_EQ(row.run_count, 0);
    EXPECT_EQ(row.fired_count, 0);
    EXPECT_EQ(row.created_at, row.updated_at);
  }
}

TEST_F(cues, a_name_is_taken_once_per_user_in_any_status) {
  add_cue("cue_a", {{"name", "'name b'"}, {"status", "'failed'"}});
  EXPECT_EQ(create("b").error().code, "duplicate_cue_name");
  EXPECT_EQ(admit_cue(link_, ada, "name b", std::nullopt).error().status, 409);
  EXPECT_TRUE(admit_cue(link_, bob, "name b", std::nullopt).has_value());
}

TEST_F(cues, only_active_and_paused_cues_count_against_the_limit) {
  add_cue("cue_active");
  add_cue("cue_paused", {{"status", "'paused'"}});
  add_cue("cue_completed", {{"status", "'completed'"}});
  add_cue("cue_failed", {{"status", "'failed'"}});
  EXPECT_EQ(create("a", 2).error().code, "cue_limit_exceeded");
  EXPECT_EQ(create("a", 2).error().status, 403);
  EXPECT_TRUE(create("a", 3).has_value());
  EXPECT_TRUE(create("b").has_value()); // no quotas
  EXPECT_EQ(create("c", 0).error().status, 403);
}

TEST_F(cues, a_taken_name_is_told_before_the_limit) {
  add_cue("cue_a", {{"name", "'name b'"}});
  EXPECT_EQ(create("b", 0).error().code, "duplicate_cue_name");
}

TEST_F(cues, creates_at_the_same_moment_do_not_exceed_the_limit) {
  constexpr int threads = 8, limit = 3;
  std::latch start{threads};
  std::atomic<int> created = 0, refused = 0;
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i)
    running.emplace_back([&, i] {
      connection own{database_.options()};
      const auto wanted = cue(std::to_string(i));
      start.arrive_and_wait();
      const auto made = create_cue(own, wanted, limit);
      if (made)
        ++created;
      else if (made.error().code == "cue_limit_exceeded")
        ++refused;
    });
  for (auto& thread : running)
    thread.join();
  EXPECT_EQ(created, limit);
  EXPECT_EQ(refused, threads - limit);
}

TEST_F(cues, the_creates_of_one_user_do_not_wait_for_another) {
  connection bobs{database_.options()};
  const auto outcome = bobs.in_transaction([&](session& s) -> result<void> {
    s.exec_text("SELECT pg_advisory_xact_lock(hashtextextended('cued.create_cue:" + bob + "', 0))");
    EXPECT_TRUE(create("a", 5).has_value());
    return {};
  });
  EXPECT_TRUE(outcome.has_value());
}

TEST_F(cues, a_user_who_is_gone_creates_nothing) {
  auto wanted = cue("a");
  wanted.user_id = "99999999-9999-4999-8999-999999999999";
  EXPECT_EQ(create_cue(link_, wanted, 10).error().code, "user_not_found");
}

// -- read ----------------------------------------------------------------

TEST_F(cues, a_list_is_newest_first_and_counts_what_the_page_leaves_out) {
  for (int i = 1; i <= 5; ++i)
    add_cue("cue_" + std::to_string(i),
            {{"created_at", "timestamptz '2026-01-01 00:00:00+00' + interval '" + std::to_string(i / 2) + " hours'"}});
  add_cue("cue_of_bob", {{"user_id", quoted(bob)}});
  const auto page = list_cues(link_, ada, std::nullopt, 3, 1);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->total, 5);
  ASSERT_EQ(page->cues.size(), 3u);
  EXPECT_EQ(page->cues[0].id, "cue_4"); // as old as 5, which comes first by its id
  EXPECT_EQ(page->cues[1].id, "cue_3");
  EXPECT_EQ(page->cues[2].id, "cue_2");
  EXPECT_EQ(list_cues(link_, ada, std::nullopt, 3, 100)->total, 5);
  EXPECT_TRUE(list_cues(link_, ada, std::nullopt, 3, 100)->cues.empty());
}

TEST_F(cues, a_list_may_be_narrowed_to_a_status) {
  add_cue("cue_a");
  add_cue("cue_b", {{"status", "'paused'"}});
  EXPECT_EQ(list_cues(link_, ada, "paused", 10, 0)->cues.at(0).id, "cue_b");
  EXPECT_EQ(list_cues(link_, ada, "paused", 10, 0)->total, 1);
  EXPECT_EQ(list_cues(link_, ada, "no such status", 10, 0)->total, 0);
}

TEST_F(cues, rows_put_there_by_hand_can_be_read_whatever_they_hold) {
  add_cue("cue_quota00000000001", {{"schedule_type", "'once'"},
                                   {"schedule_cron", "''"},
                                   {"callback_url", "NULL"},
                                   {"callback_headers", "NULL"},
                                   {"payload", "'null'"},
                                   {"retry_backoff_minutes", "'5'"},
                                   {"on_failure", "'null'"},
                                   {"next_run", "'1999-01-01'"}});
  const auto found = find_cue(link_, ada, "cue_quota00000000001");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->callback_headers_json, "{}");
  EXPECT_EQ(found->payload_json, "{}");
  EXPECT_EQ(found->retry.backoff_json, "5");
  EXPECT_EQ(found->on_failure_json, std::nullopt);
  EXPECT_EQ(found->at, std::nullopt);
}

TEST_F(cues, a_cue_of_somebody_else_looks_like_a_missing_one) {
  add_cue("cue_a");
  EXPECT_EQ(find_cue(link_, bob, "cue_a").error().code, "cue_not_found");
  EXPECT_EQ(find_cue(link_, ada, std::string(300, 'x')).error().code, "cue_not_found");
  EXPECT_EQ(change("cue_a", {}, bob).error().code, "cue_not_found");
  EXPECT_EQ(delete_cue(link_, bob, "cue_a").error().code, "cue_not_found");
}

// -- change --------------------------------------------------------------

TEST_F(cues, what_a_change_does_not_name_stays_as_it_is) {
  const auto before = create("a");
  ASSERT_TRUE(before);
  const auto after = change("cue_a", {});
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_GT(after->updated_at, before->updated_at);
  auto expected = *before;
  expected.updated_at = after->updated_at;
  EXPECT_EQ(after->name, expected.name);
  EXPECT_EQ(after->cron, expected.cron);
  EXPECT_EQ(after->timezone, expected.timezone);
  EXPECT_EQ(after->payload_json, expected.payload_json);
  EXPECT_EQ(after->retry.backoff_json, expected.retry.backoff_json);
  EXPECT_EQ(after->on_failure_json, expected.on_failure_json);
  EXPECT_EQ(after->next_run, expected.next_run);
}

TEST_F(cues, policies_stay_until_they_are_changed_and_a_deadline_can_be_taken_away) {
  auto wanted = cue("a");
  wanted.retry = {4, "[1]", "[5, 300]", 50};
  wanted.policies = {"none", 0, "queue_one", 3600};
  ASSERT_TRUE(create_cue(link_, wanted, std::nullopt));
  auto row = change("cue_a", {}).value();
  EXPECT_EQ(row.retry.backoff_seconds_json, "[5, 300]");
  EXPECT_EQ(row.retry.jitter_percent, 50);
  EXPECT_EQ(row.policies.catch_up, "none");
  EXPECT_EQ(row.policies.catch_up_window_seconds, 0);
  EXPECT_EQ(row.policies.overlap, "queue_one");
  EXPECT_EQ(row.policies.outcome_deadline_seconds, 3600);

  cue_changes changes;
  changes.retry = persistence::cue_retry{};
  changes.outcome_deadline_seconds.emplace(std::nullopt);
  row = change("cue_a", changes).value();
  EXPECT_EQ(row.retry.backoff_seconds_json, std::nullopt);
  EXPECT_EQ(row.retry.jitter_percent, std::nullopt);
  EXPECT_EQ(row.policies.outcome_deadline_seconds, std::nullopt);
  EXPECT_EQ(row.policies.catch_up, "none");
}

TEST_F(cues, each_named_column_is_changed) {
  add_cue("cue_a", {{"next_run", "now()"}});
  cue_changes changes;
  changes.name = "new";
  changes.description = "d";
  changes.status = "paused";
  changes.callback_url = "https://h/";
  changes.callback_method = "GET";
  changes.callback_headers_json = R"({"a":"b"})";
  changes.payload_json = "{}";
  changes.retry = persistence::cue_retry{1, "[]", "[30]", 20};
  changes.catch_up = "latest";
  changes.catch_up_window_seconds = 60;
  changes.overlap = "skip";
  changes.outcome_deadline_seconds.emplace(90);
  changes.on_failure_json = R"({"email":false})";
  changes.verification_mode = "none";
  changes.schedule = cue_schedule{"once", std::nullopt, now_, "Asia/Tokyo"};
  changes.next_run.emplace(std::nullopt);
  const auto after = change("cue_a", changes);
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->name, "new");
  EXPECT_EQ(after->description, "d");
  EXPECT_EQ(after->status, "paused");
  EXPECT_EQ(after->callback_url, "https://h/");
  EXPECT_EQ(after->callback_method, "GET");
  EXPECT_EQ(after->callback_headers_json, R"({"a": "b"})");
  EXPECT_EQ(after->payload_json, "{}");
  EXPECT_EQ(after->retry.max_attempts, 1);
  EXPECT_EQ(after->retry.backoff_json, "[]");
  EXPECT_EQ(after->retry.backoff_seconds_json, "[30]");
  EXPECT_EQ(after->retry.jitter_percent, 20);
  EXPECT_EQ(after->policies.catch_up, "latest");
  EXPECT_EQ(after->policies.catch_up_window_seconds, 60);
  EXPECT_EQ(after->policies.overlap, "skip");
  EXPECT_EQ(after->policies.outcome_deadline_seconds, 90);
  EXPECT_EQ(after->on_failure_json, R"({"email": false})");
  EXPECT_EQ(after->verification_mode, "none");
  EXPECT_EQ(after->schedule_type, "once");
  EXPECT_EQ(after->cron, std::nullopt);
  EXPECT_EQ(after->at, now_);
  EXPECT_EQ(after->timezone, "Asia/Tokyo");
  EXPECT_EQ(after->next_run, std::nullopt);
}

TEST_F(cues, a_change_to_a_taken_name_is_a_conflict) {
  add_cue("cue_a", {{"name", "'first'"}});
  add_cue("cue_b", {{"name", "'second'"}});
  cue_changes changes;
  changes.name = "first";
  EXPECT_EQ(change("cue_b", changes).error().code, "duplicate_cue_name");
  EXPECT_EQ(of_cue("cue_b", "name"), "second");
  EXPECT_TRUE(change("cue_a", changes).has_value()); // its own name
}

TEST_F(cues, a_plan_that_refuses_changes_nothing) {
  add_cue("cue_a");
  const auto before = of_cue("cue_a", "updated_at");
  const auto refused = change_cue(link_, ada, "cue_a", [](const cue_before_change&) -> result<cue_changes> {
    return fail(400, "invalid_schedule", "no");
  });
  EXPECT_EQ(refused.error().code, "invalid_schedule");
  EXPECT_EQ(of_cue("cue_a", "updated_at"), before);
}

TEST_F(cues_before_change, a_one_time_cue_says_whether_its_moment_has_run) {
  add_cue("cue_a", at_one_minute_);
  EXPECT_FALSE(seen_before("cue_a").at_has_run);
  add_execution(2, "cue_a", {{"status", "'success'"}}); // of another moment
  EXPECT_FALSE(seen_before("cue_a").at_has_run);
  add_execution(1, "cue_a", {{"status", "'success'"}});
  EXPECT_TRUE(seen_before("cue_a").at_has_run);
}

TEST_F(cues_before_change, a_one_time_cue_says_whether_a_run_is_under_way) {
  add_cue("cue_a", at_one_minute_);
  for (const auto status : {"pending", "delivering", "retrying", "retry_ready"}) {
    add_execution(1, "cue_a", {{"status", quoted(status)}});
    EXPECT_TRUE(seen_before("cue_a").unfinished) << status;
    database_.exec("DELETE FROM executions");
  }
  for (const auto status : {"success", "failed", "missed"}) {
    add_execution(1, "cue_a", {{"status", quoted(status)}});
    EXPECT_FALSE(seen_before("cue_a").unfinished) << status;
    database_.exec("DELETE FROM executions");
  }
}

// -- delete --------------------------------------------------------------

TEST_F(cues, a_cue_goes_with_its_executions_and_their_outbox_rows_also_without_foreign_keys) {
  database_.exec("ALTER TABLE executions DROP CONSTRAINT executions_cue_id_fkey;"
                 "ALTER TABLE dispatch_outbox DROP CONSTRAINT dispatch_outbox_execution_id_fkey");
  for (const std::string id : {"cue_gone", "cue_kept"}) {
    add_cue(id);
    const auto execution = add_execution(id == "cue_gone" ? 1 : 2, id);
    database_.exec("INSERT INTO dispatch_outbox (execution_id, cue_id, task_type, payload, dispatched, "
                   "dispatch_attempts) VALUES (" +
                   quoted(execution) + ", " + quoted(id) + ", 'deliver', '{}', false, 0)");
  }
  ASSERT_TRUE(delete_cue(link_, ada, "cue_gone").has_value());
  EXPECT_EQ(database_.value("SELECT string_agg(id, ',') FROM cues"), "cue_kept");
  EXPECT_EQ(database_.value("SELECT string_agg(cue_id, ',') FROM executions"), "cue_kept");
  EXPECT_EQ(database_.value("SELECT string_agg(cue_id, ',') FROM dispatch_outbox"), "cue_kept");
  EXPECT_EQ(delete_cue(link_, ada, "cue_gone").error().code, "cue_not_found");
}

// -- fire ----------------------------------------------------------------

TEST_F(firing_cues, a_fire_leaves_counters_and_schedule_alone) {
  add_cue("cue_a", {{"next_run", "'2026-12-01 00:00:00+00'"}});
  const auto before = find_cue(link_, ada, "cue_a");
  const auto fired = fire_cue(link_, firing("cue_a"));
  ASSERT_TRUE(fired) << fired.error().message;
  EXPECT_TRUE(fired->webhook);
  EXPECT_EQ(fired->scheduled_for, now_);
  const auto after = find_cue(link_, ada, "cue_a");
  EXPECT_EQ(after->fired_count, 0);
  EXPECT_EQ(after->run_count, 0);
  EXPECT_EQ(after->next_run, before->next_run);
  EXPECT_EQ(after->updated_at, before->updated_at);
  EXPECT_EQ(column(1, "triggered_by"), "manual_fire");
  EXPECT_EQ(column(1, "outcome_metadata"), "null");
}

TEST_F(firing_cues, a_live_session_of_the_owner_is_noted) {
  add_cue("cue_a");
  attach_session("cue_a", ada);
  ASSERT_TRUE(fire_cue(link_, firing("cue_a")).has_value());
  EXPECT_EQ(column(1, "outcome_metadata ->> 'delivery_mode_requested'"), "ipc");
}

TEST_F(firing_cues, a_session_of_somebody_elses_agent_does_not_count) {
  add_cue("cue_a");
  attach_session("cue_a", bob);
  ASSERT_TRUE(fire_cue(link_, firing("cue_a")).has_value());
  EXPECT_EQ(column(1, "outcome_metadata"), "null");
}

TEST_F(firing_cues, a_session_that_polls_does_not_count) {
  add_cue("cue_a");
  attach_session("cue_a", ada, "poll");
  ASSERT_TRUE(fire_cue(link_, firing("cue_a")).has_value());
  EXPECT_EQ(column(1, "outcome_metadata"), "null");
}

TEST_F(firing_cues, a_detached_session_does_not_count) {
  add_cue("cue_a");
  attach_session("cue_a", ada, "ipc", "now()");
  ASSERT_TRUE(fire_cue(link_, firing("cue_a")).has_value());
  EXPECT_EQ(column(1, "outcome_metadata"), "null");
}

TEST_F(firing_cues, only_the_owner_can_fire) {
  add_cue("cue_a");
  auto foreign = firing("cue_a");
  foreign.user_id = bob;
  EXPECT_EQ(fire_cue(link_, foreign).error().code, "cue_not_found");
  EXPECT_EQ(fire_cue(link_, firing("cue_b")).error().code, "cue_not_found");
  EXPECT_EQ(database_.value("SELECT count(*) FROM executions"), "0");
}
