#include "persistence/clock_store.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

#include <gmock/gmock.h>

#include "tests/persistence/execution_rows.hpp"

namespace cued::test {
namespace {

using persistence::armed_cue;
using persistence::firing;

class clock_store : public execution_test {
protected:
  void add_due_cue(const std::string& id, const columns& given = {}) {
    columns row = given;
    row.emplace("next_run", "timestamptz '2026-11-24 12:00:00+00'");
    row.emplace("schedule_cron", "'0 12 * * *'");
    add_cue(id, row);
  }

  firing firing_of(const std::string& cue_id, int n) {
    return {
        {cue_id, noon_, true, "0 12 * * *", "UTC"}, {{noon_, execution_id(n)}}, noon_ + std::chrono::days{1}, false};
  }

  std::string cue_column(const std::string& id, const std::string& name) {
    return database_.value("SELECT " + name + " FROM cues WHERE id = " + quoted(id));
  }

  persistence::postgres_clock_store store_{database_.options()};
  const instant noon_ = now_ - std::chrono::hours{1};
};

TEST_F(clock_store, the_horizon_holds_active_cues_with_an_instant_ahead_soonest_first) {
  add_due_cue("cue_later", {{"next_run", "timestamptz '2026-11-24 12:30:00+00'"}});
  add_due_cue("cue_soon");
  add_due_cue("cue_paused", {{"status", "'paused'"}});
  add_due_cue("cue_far", {{"next_run", "timestamptz '2027-01-01'"}});
  add_due_cue("cue_done", {{"next_run", "NULL"}});
  const auto armed = store_.armed_until(now_, 10).value();
  ASSERT_EQ(armed.size(), 2u);
  EXPECT_EQ(armed[0].cue_id, "cue_soon");
  EXPECT_EQ(armed[0].next_run, noon_);
  EXPECT_TRUE(armed[0].recurring);
  EXPECT_EQ(armed[0].cron, "0 12 * * *");
  EXPECT_EQ(armed[1].cue_id, "cue_later");
}

TEST_F(clock_store, the_horizon_can_be_read_in_pages_although_many_are_due_together) {
  std::vector<std::string> ids;
  for (int i = 0; i < 7; ++i)
    add_due_cue(ids.emplace_back("cue_" + std::to_string(i)));
  add_due_cue(ids.emplace_back("cue_0_later"), {{"next_run", "timestamptz '2026-11-24 12:00:00.000001+00'"}});
  std::vector<std::string> found;
  persistence::armed_position from;
  for (auto page = store_.armed_until(now_, 3, from).value(); !page.empty();
       page = store_.armed_until(now_, 3, from).value()) {
    EXPECT_LE(page.size(), 3u);
    for (const auto& cue : page)
      found.push_back(cue.cue_id);
    from = {page.back().next_run, page.back().cue_id};
  }
  EXPECT_EQ(found, ids);
}

TEST_F(clock_store, of_the_cues_that_are_asked_for_those_with_an_instant_ahead_are_found) {
  add_due_cue("cue_1");
  add_due_cue("cue_other");
  add_due_cue("cue_paused", {{"status", "'paused'"}});
  add_due_cue("cue_done", {{"next_run", "NULL"}});
  const auto found = store_.find_armed({"cue_gone", "cue_done", "cue_1", "cue_paused"}).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].cue_id, "cue_1");
  EXPECT_EQ(found[0].next_run, noon_);
  EXPECT_TRUE(store_.find_armed({}).value().empty());
}

TEST_F(clock_store, firing_makes_execution_and_outbox_row_counts_and_moves_on) {
  add_due_cue("cue_1", {{"payload", "'{\"k\": 1}'"}});
  const auto fired = store_.fire({firing_of("cue_1", 1)}).value();
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_TRUE(fired[0].created);
  EXPECT_TRUE(fired[0].webhook);
  EXPECT_EQ(fired[0].user_id, ada);
  EXPECT_EQ(fired[0].scheduled_for, noon_);
  EXPECT_EQ(column(1, "status"), "pending");
  EXPECT_EQ(column(1, "scheduled_for"), "2026-11-24 12:00:00+00");
  EXPECT_EQ(column(1, "triggered_by IS NULL"), "t");
  EXPECT_EQ(cue_column("cue_1", "fired_count"), "1");
  EXPECT_EQ(cue_column("cue_1", "run_count"), "0");
  EXPECT_EQ(cue_column("cue_1", "next_run"), "2026-11-25 12:00:00+00");
  const auto row = database_.exec("SELECT task_type, dispatched, payload ->> 'scheduled_for', payload -> 'payload', "
                                  "payload ? 'monthly_execution_limit', cue_id, execution_id FROM dispatch_outbox");
  ASSERT_EQ(row.size(), 1u);
  EXPECT_STREQ(row[0][0].c_str(), "deliver");
  EXPECT_STREQ(row[0][1].c_str(), "f");
  EXPECT_STREQ(row[0][2].c_str(), "2026-11-24T12:00:00+00:00");
  EXPECT_STREQ(row[0][3].c_str(), "{\"k\": 1}");
  EXPECT_STREQ(row[0][4].c_str(), "t");
  EXPECT_STREQ(row[0][5].c_str(), "cue_1");
  EXPECT_EQ(row[0][6].c_str(), execution_id(1));
}

TEST_F(clock_store, a_worker_cue_gets_no_outbox_row) {
  add_worker_cue("cue_1", "{}",
                 {{"next_run", "timestamptz '2026-11-24 12:00:00+00'"}, {"schedule_cron", "'0 12 * * *'"}});
  const auto fired = store_.fire({firing_of("cue_1", 1)}).value();
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_FALSE(fired[0].webhook);
  EXPECT_EQ(database_.value("SELECT count(*) FROM dispatch_outbox"), "0");
}

TEST_F(clock_store, firing_the_same_slot_again_makes_nothing) {
  add_due_cue("cue_1");
  EXPECT_EQ(store_.fire({firing_of("cue_1", 1)}).value().size(), 1u);
  EXPECT_TRUE(store_.fire({firing_of("cue_1", 2)}).value().empty());
  EXPECT_EQ(database_.value("SELECT count(*) FROM executions"), "1");
  EXPECT_EQ(cue_column("cue_1", "fired_count"), "1");
}

TEST_F(clock_store, a_slot_that_has_an_execution_already_moves_on_without_counting) {
  add_due_cue("cue_1");
  add_execution(7, "cue_1", {{"scheduled_for", "timestamptz '2026-11-24 12:00:00+00'"}});
  const auto fired = store_.fire({firing_of("cue_1", 1)}).value();
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_FALSE(fired[0].created);
  EXPECT_EQ(cue_column("cue_1", "fired_count"), "0");
  EXPECT_EQ(cue_column("cue_1", "next_run"), "2026-11-25 12:00:00+00");
  EXPECT_EQ(database_.value("SELECT count(*) FROM dispatch_outbox"), "0");
}

TEST_F(clock_store, a_row_that_was_changed_meanwhile_is_not_fired) {
  const std::vector<std::pair<std::string, columns>> changed{
      {"cue_paused", {{"status", "'paused'"}}},
      {"cue_moved", {{"next_run", "timestamptz '2026-11-24 12:00:01+00'"}}},
      {"cue_cron", {{"schedule_cron", "'0 12 * * 1'"}}},
      {"cue_zone", {{"schedule_timezone", "'Europe/Paris'"}}},
      {"cue_policy", {{"catch_up", "'none'"}}},
      {"cue_window", {{"catch_up_window_seconds", "60"}}},
  };
  std::vector<firing> batch;
  int n = 0;
  for (const auto& [id, difference] : changed) {
    add_due_cue(id, difference);
    batch.push_back(firing_of(id, ++n));
  }
  EXPECT_TRUE(store_.fire(batch).value().empty());
  EXPECT_EQ(database_.value("SELECT count(*) FROM executions"), "0");
}

TEST_F(clock_store, a_recurring_cue_with_no_instant_left_is_completed_by_its_last_firing) {
  add_due_cue("cue_1");
  auto last = firing_of("cue_1", 1);
  last.following.reset();
  last.exhausted = true;
  EXPECT_EQ(store_.fire({last}).value().size(), 1u);
  EXPECT_EQ(cue_column("cue_1", "status"), "completed");
  EXPECT_EQ(cue_column("cue_1", "next_run IS NULL"), "t");
}

TEST_F(clock_store, a_one_time_cue_stays_active_without_an_instant_until_its_delivery_ends_it) {
  add_due_cue("cue_1", {{"schedule_type", "'once'"}});
  auto once = firing_of("cue_1", 1);
  once.following.reset();
  EXPECT_EQ(store_.fire({once}).value().size(), 1u);
  EXPECT_EQ(cue_column("cue_1", "status"), "active");
  EXPECT_EQ(cue_column("cue_1", "next_run IS NULL"), "t");
}

TEST_F(clock_store, a_batch_fires_each_of_its_cues) {
  std::vector<firing> batch;
  for (int n = 1; n <= 300; ++n) {
    add_due_cue("cue_" + std::to_string(n));
    batch.push_back(firing_of("cue_" + std::to_string(n), n));
  }
  EXPECT_EQ(store_.fire(batch).value().size(), 300u);
  EXPECT_EQ(database_.value("SELECT count(DISTINCT execution_id) FROM dispatch_outbox"), "300");
}

// -- taken for delivery ---------------------------------------------------

class taking : public clock_store {
protected:
  firing taken(const std::string& cue_id, int n) {
    auto f = firing_of(cue_id, n);
    f.slots.front().take = true;
    return f;
  }
};

TEST_F(taking, leaves_the_rows_as_a_start_would_and_answers_what_the_request_is_made_of) {
  database_.exec("UPDATE users SET webhook_secret = 'whsec_ada' WHERE id = " + quoted(ada));
  add_due_cue("cue_1", {{"payload", "'{\"k\": 1}'"},
                        {"callback_headers", "'{\"x-a\": \"b\"}'"},
                        {"retry_max_attempts", "7"},
                        {"retry_backoff_seconds", "'[5, 6]'"},
                        {"retry_jitter_percent", "11"}});
  const auto fired = store_.fire({taken("cue_1", 1)}).value();
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_TRUE(fired[0].created);
  ASSERT_TRUE(fired[0].started);
  const auto& d = *fired[0].started;
  EXPECT_EQ(d.execution_id, execution_id(1));
  EXPECT_EQ(d.user_id, ada);
  EXPECT_EQ(d.cue_id, "cue_1");
  EXPECT_EQ(d.cue_name, "name of cue_1");
  EXPECT_EQ(d.scheduled_for, noon_);
  EXPECT_EQ(d.attempt, 1);
  EXPECT_EQ(d.url, "https://example.com/hook");
  EXPECT_EQ(d.method, "POST");
  EXPECT_EQ(d.headers_json, "{\"x-a\": \"b\"}");
  EXPECT_EQ(d.payload_json, "{\"k\": 1}");
  EXPECT_EQ(d.retry_max_attempts, 7);
  EXPECT_EQ(d.retry_backoff_json, "[1, 5, 15]");
  EXPECT_EQ(d.retry_backoff_seconds_json, "[5, 6]");
  EXPECT_EQ(d.retry_jitter_percent, 11);
  EXPECT_EQ(d.webhook_secret, "whsec_ada");
  EXPECT_EQ(d.previous_webhook_secret, "");
  EXPECT_EQ(column(1, "status"), "delivering");
  EXPECT_EQ(column(1, "attempts"), "0");
  EXPECT_EQ(column(1, "started_at IS NOT NULL"), "t");
  EXPECT_EQ(database_.value("SELECT dispatched FROM dispatch_outbox"), "t");
  EXPECT_EQ(database_.value("SELECT taken_by IS NULL FROM cued.open_executions"), "t") << "nobody has an epoch";
}

TEST_F(taking, begins_with_the_secret_that_is_about_to_end_as_well) {
  add_due_cue("cue_1");
  database_.exec("INSERT INTO cued.previous_secrets (user_id, kind, secret, valid_until) VALUES (" + quoted(ada) +
                 ", 'webhook', 'whsec_before', now() + interval '1 hour')");
  EXPECT_EQ(store_.fire({taken("cue_1", 1)}).value().at(0).started->previous_webhook_secret, "whsec_before");
}

TEST_F(taking, is_only_for_webhooks_that_may) {
  add_due_cue("cue_1_webhook");
  add_due_cue("cue_2_not_asked_for");
  add_due_cue("cue_3_worker", {{"callback_transport", "'worker'"}, {"callback_url", "NULL"}});
  add_due_cue("cue_4_waits", {{"overlap_policy", "'queue_one'"}});
  std::vector<firing> batch{taken("cue_1_webhook", 1), firing_of("cue_2_not_asked_for", 2), taken("cue_3_worker", 3),
                            taken("cue_4_waits", 4)};
  std::set<std::string> started;
  const auto fired = store_.fire(batch).value();
  for (const auto& slot : fired) {
    EXPECT_TRUE(slot.created);
    if (slot.started)
      started.insert(slot.cue_id);
  }
  EXPECT_EQ(started, std::set<std::string>{"cue_1_webhook"});
  EXPECT_EQ(database_.value("SELECT string_agg(status, ' ' ORDER BY id) FROM executions"),
            "delivering pending pending pending");
  EXPECT_EQ(database_.value("SELECT string_agg(cue_id, ' ' ORDER BY cue_id) FROM dispatch_outbox WHERE NOT dispatched"),
            "cue_2_not_asked_for cue_4_waits");
}

TEST_F(taking, is_not_for_users_over_their_monthly_limit) {
  database_.exec("UPDATE users SET monthly_execution_limit = 10 WHERE id = " + quoted(ada));
  database_.exec("INSERT INTO usage_monthly (user_id, month_start, execution_count) VALUES (" + quoted(ada) +
                 ", date_trunc('month', now() AT TIME ZONE 'UTC')::date, 10)");
  add_due_cue("cue_1");
  add_due_cue("cue_2");
  EXPECT_FALSE(store_.fire({taken("cue_1", 1)}).value().at(0).started);
  EXPECT_EQ(column(1, "status"), "pending");

  persistence::postgres_clock_store generous{database_.options(), nullptr,
                                             persistence::postgres_delivery_store::monthly_limit::ignored};
  EXPECT_TRUE(generous.fire({taken("cue_2", 2)}).value().at(0).started);
}

TEST_F(taking, of_what_was_not_in_doubt_nothing_is_owed) {
  add_due_cue("cue_1");
  ASSERT_TRUE(store_.fire({taken("cue_1", 1)}).value().at(0).started);
  EXPECT_TRUE(store_.taken_in_doubt().value().empty());
}

/// Cued does not know whether its firing was committed; here it was not.
class doubtful_firing : public taking {
protected:
  doubtful_firing() {
    add_due_cue("cue_1");
    database_.exec("CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS "
                   "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'");
    database_.exec("CREATE TRIGGER break_off AFTER INSERT ON executions EXECUTE FUNCTION break_off()");
    EXPECT_EQ(store_.fire({taken("cue_1", 1)}).error().status, 503);
    database_.exec("DROP TRIGGER break_off ON executions");
  }
};

TEST_F(doubtful_firing, that_was_not_carried_out_owes_nothing_and_is_repeated) {
  EXPECT_TRUE(store_.taken_in_doubt().value().empty());
  EXPECT_TRUE(store_.fire({taken("cue_1", 2)}).value().at(0).started);
  EXPECT_TRUE(store_.taken_in_doubt().value().empty());
}

TEST_F(doubtful_firing, that_was_carried_out_says_once_what_it_took) {
  persistence::postgres_clock_store same_call{database_.options()};
  ASSERT_TRUE(same_call.fire({taken("cue_1", 1)}).value().at(0).started); // as if only the answer had been lost
  const auto owed = store_.taken_in_doubt().value();
  ASSERT_EQ(owed.size(), 1u);
  EXPECT_EQ(owed[0].execution_id, execution_id(1));
  EXPECT_EQ(owed[0].url, "https://example.com/hook");
  EXPECT_EQ(owed[0].attempt, 1);
  EXPECT_TRUE(store_.taken_in_doubt().value().empty());
}

TEST_F(doubtful_firing, leaves_alone_what_somebody_has_gone_on_with) {
  persistence::postgres_clock_store same_call{database_.options()};
  ASSERT_TRUE(same_call.fire({taken("cue_1", 1)}).value().at(0).started);
  database_.exec("UPDATE executions SET attempts = 1");
  EXPECT_TRUE(store_.taken_in_doubt().value().empty());
}

TEST_F(doubtful_firing, leaves_alone_what_it_made_for_others_to_start) {
  persistence::postgres_clock_store same_call{database_.options()};
  ASSERT_FALSE(same_call.fire({firing_of("cue_1", 1)}).value().at(0).started);
  persistence::postgres_delivery_store deliveries{database_.options()};
  ASSERT_EQ(deliveries.start({execution_id(1)}, wall_clock{}.now()).value().size(), 1u);
  EXPECT_TRUE(store_.taken_in_doubt().value().empty());
}

TEST_F(doubtful_firing, waits_for_a_backend_that_is_still_at_work_on_it) {
  pqxx::connection other{database_.options().dsn};
  pqxx::work still{other};
  still.exec("SELECT 1 FROM cues WHERE id = 'cue_1' FOR UPDATE");
  auto owed = std::async(std::launch::async, [&] { return store_.taken_in_doubt(); });
  while (database_.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE "
                         "'%cues WHERE id = ANY%'") == "0")
    std::this_thread::yield();
  still.exec("INSERT INTO executions (id, cue_id, scheduled_for, status, attempts, started_at, created_at, updated_at) "
             "VALUES (" +
             quoted(execution_id(1)) + ", 'cue_1', now(), 'delivering', 0, now(), now(), now())");
  still.commit();
  EXPECT_EQ(owed.get().value().size(), 1u);
}

// -- missed instants ------------------------------------------------------

TEST_F(clock_store, a_batch_of_all_kinds_fires_each_as_it_would_be_alone) {
  std::vector<firing> batch;
  int n = 0;
  const auto add = [&](const std::string& id, const columns& given) -> firing& {
    add_due_cue(id, given);
    batch.push_back(firing_of(id, ++n));
    return batch.back();
  };
  add("cue_1_webhook", {{"payload", "'{\"k\": 1}'"}});
  add("cue_2_worker", {{"callback_transport", "'worker'"}, {"callback_url", "NULL"}});
  add("cue_3_skips", {{"overlap_policy", "'skip'"}});
  add("cue_4_changed", {{"schedule_cron", "'1 12 * * *'"}});
  add("cue_5_last", {}).exhausted = true;
  batch.back().following.reset();
  add("cue_6_late", {}).slots.front().backfilled = true;
  add("cue_7_many", {}).slots.push_back({noon_ + std::chrono::minutes{1}, execution_id(++n)});
  add_execution(100, "cue_3_skips"); // under way
  const auto fired = store_.fire(batch).value();
  std::map<std::string, int> created;
  for (const auto& slot : fired)
    created[slot.cue_id] += slot.created ? 1 : 0;
  EXPECT_EQ(created, (std::map<std::string, int>{{"cue_1_webhook", 1},
                                                 {"cue_2_worker", 1},
                                                 {"cue_3_skips", 0},
                                                 {"cue_5_last", 1},
                                                 {"cue_6_late", 1},
                                                 {"cue_7_many", 2}}));
  EXPECT_EQ(database_.value("SELECT string_agg(fired_count::text, ' ' ORDER BY id) FROM cues"), "1 1 0 0 1 1 2");
  EXPECT_EQ(database_.value("SELECT string_agg(cue_id, ' ' ORDER BY cue_id, execution_id) FROM dispatch_outbox"),
            "cue_1_webhook cue_5_last cue_6_late cue_7_many cue_7_many");
  EXPECT_EQ(database_.value("SELECT payload -> 'payload' ->> 'k' FROM dispatch_outbox WHERE cue_id = 'cue_1_webhook'"),
            "1");
  EXPECT_EQ(cue_column("cue_5_last", "status"), "completed");
  EXPECT_EQ(cue_column("cue_4_changed", "next_run"), "2026-11-24 12:00:00+00");
  EXPECT_EQ(database_.value("SELECT string_agg(cue_id, ' ') FROM executions WHERE backfilled"), "cue_6_late");
}

TEST_F(clock_store, what_was_fired_before_the_database_failed_is_told_and_the_others_are_missing) {
  add_due_cue("cue_1");
  add_due_cue("cue_2", {{"overlap_policy", "'skip'"}});
  database_.exec("ALTER TABLE cued.open_executions RENAME COLUMN scheduled_for TO away");
  database_.exec("DROP TRIGGER cued_executions_made ON executions");
  const auto fired = store_.fire({firing_of("cue_1", 1), firing_of("cue_2", 2)}).value();
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_EQ(fired[0].cue_id, "cue_1");
  EXPECT_EQ(cue_column("cue_2", "fired_count"), "0");
  EXPECT_FALSE(store_.fire({firing_of("cue_2", 2)}).has_value()) << "alone it is an error";
}

TEST_F(clock_store, missed_slots_are_made_in_one_go_and_marked) {
  add_due_cue("cue_1", {{"catch_up", "'all'"}, {"catch_up_window_seconds", "86400"}});
  auto late = firing_of("cue_1", 1);
  late.cue.catch_up = "all";
  late.cue.catch_up_window_seconds = 86400;
  late.slots.clear();
  for (int n = 0; n < 1000; ++n)
    late.slots.push_back({noon_ + std::chrono::seconds{n}, execution_id(n + 1), n < 999});
  late.following = noon_ + std::chrono::seconds{1000};
  const auto fired = store_.fire({late}).value();
  ASSERT_EQ(fired.size(), 1000u);
  EXPECT_TRUE(std::ranges::all_of(fired, &persistence::fired_slot::created));
  EXPECT_TRUE(std::ranges::is_sorted(fired, {}, &persistence::fired_slot::scheduled_for));
  EXPECT_TRUE(fired[0].backfilled);
  EXPECT_FALSE(fired[999].backfilled);
  EXPECT_EQ(column(1, "backfilled"), "t");
  EXPECT_EQ(column(1000, "backfilled IS NULL"), "t");
  EXPECT_EQ(cue_column("cue_1", "fired_count"), "1000");
  EXPECT_EQ(cue_column("cue_1", "next_run"), "2026-11-24 12:16:40+00");
  EXPECT_EQ(database_.value("SELECT count(DISTINCT execution_id) FROM dispatch_outbox"), "1000");
}

TEST_F(clock_store, a_cue_whose_missed_slots_are_left_out_only_moves_on) {
  add_due_cue("cue_1", {{"catch_up", "'none'"}});
  auto late = firing_of("cue_1", 1);
  late.cue.catch_up = "none";
  late.slots.clear();
  const auto fired = store_.fire({late}).value();
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_FALSE(fired[0].created);
  EXPECT_EQ(fired[0].execution_id, "");
  EXPECT_EQ(cue_column("cue_1", "next_run"), "2026-11-25 12:00:00+00");
  EXPECT_EQ(cue_column("cue_1", "fired_count"), "0");
}

TEST_F(clock_store, a_one_time_cue_that_may_not_be_made_up_for_fails_with_an_execution_that_says_so) {
  add_due_cue("cue_1", {{"schedule_type", "'once'"}, {"catch_up", "'none'"}});
  auto late = firing_of("cue_1", 1);
  late.cue.catch_up = "none";
  late.slots[0].backfilled = late.slots[0].missed = true;
  late.following.reset();
  const auto fired = store_.fire({late}).value();
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_FALSE(fired[0].created) << "nothing to deliver";
  EXPECT_EQ(column(1, "status"), "missed");
  EXPECT_NE(column(1, "error_message"), "");
  EXPECT_EQ(cue_column("cue_1", "status"), "failed");
  EXPECT_EQ(database_.value("SELECT count(*) FROM dispatch_outbox"), "0");
  EXPECT_EQ(database_.value("SELECT count(*) FROM cued.notices WHERE kind = 'mail'"), "1");
}

TEST_F(clock_store, of_two_clocks_that_make_up_for_the_same_outage_one_does) {
  add_due_cue("cue_1");
  std::atomic<int> made{0};
  std::vector<std::thread> clocks;
  for (int c = 0; c < 4; ++c)
    clocks.emplace_back([&, c] {
      persistence::postgres_clock_store store{database_.options()};
      auto late = firing_of("cue_1", 1);
      late.slots.clear();
      for (int n = 0; n < 100; ++n)
        late.slots.push_back({noon_ + std::chrono::seconds{n}, execution_id(1000 * c + n), true});
      late.following = noon_ + std::chrono::seconds{100};
      for (const auto& slot : store.fire({late}).value_or(std::vector<persistence::fired_slot>{}))
        made += slot.created;
    });
  for (auto& c : clocks)
    c.join();
  EXPECT_EQ(made, 100);
  EXPECT_EQ(database_.value("SELECT count(*) FROM executions"), "100");
  EXPECT_EQ(cue_column("cue_1", "fired_count"), "100");
}

// -- overlap --------------------------------------------------------------

TEST_F(clock_store, what_a_slot_finds_under_way_decides_by_policy) {
  const columns awaited{{"status", "'success'"}, {"outcome_deadline_at", "timestamptz '2026-11-24 14:00:00+00'"}};
  columns reported = awaited, expired = awaited, future{{"scheduled_for", "timestamptz '2026-11-25 00:00:00+00'"}};
  reported["outcome_recorded_at"] = "now()";
  expired["status"] = "'outcome_timeout'";
  const std::vector<std::pair<columns, bool>> under_way{
      {{{"status", "'pending'"}}, true},
      {{{"status", "'delivering'"}}, true},
      {{{"status", "'retrying'"}}, true},
      {{{"status", "'retry_ready'"}}, true},
      {{{"status", "'success'"}}, false},
      {{{"status", "'failed'"}}, false},
      {{{"status", "'missed'"}}, false},
      {awaited, true},
      {reported, false},
      {expired, false},
      {future, false},
  };
  int n = 0;
  for (const auto& [earlier, is_open] : under_way) {
    for (const std::string policy : {"allow", "skip", "queue_one"}) {
      const auto id = "cue_" + std::to_string(++n);
      add_due_cue(id, {{"overlap_policy", quoted(policy)}});
      add_execution(n, id, earlier);
      const auto fired = store_.fire({firing_of(id, 1000 + n)}).value();
      ASSERT_EQ(fired.size(), 1u);
      const bool skipped = policy == "skip" && is_open;
      EXPECT_EQ(fired[0].skipped, skipped) << policy << " after " << earlier.begin()->second;
      EXPECT_EQ(fired[0].created, !skipped) << policy << " after " << earlier.begin()->second;
      EXPECT_EQ(cue_column(id, "next_run"), "2026-11-25 12:00:00+00") << "it moves on either way";
      EXPECT_EQ(cue_column(id, "fired_count"), skipped ? "0" : "1");
    }
  }
}

TEST_F(clock_store, a_queue_of_one_takes_no_second) {
  add_due_cue("cue_1", {{"overlap_policy", "'queue_one'"}});
  add_execution(1, "cue_1", {{"status", "'delivering'"}});
  add_execution(2, "cue_1");
  EXPECT_TRUE(store_.fire({firing_of("cue_1", 3)}).value().at(0).skipped);
}

TEST_F(clock_store, slots_of_one_batch_overlap_each_other_too) {
  for (const auto& [policy, made] : {std::pair{"skip", "1"}, {"queue_one", "2"}, {"allow", "5"}}) {
    const std::string id = std::string{"cue_"} + policy;
    add_due_cue(id, {{"overlap_policy", quoted(policy)}});
    auto late = firing_of(id, 1);
    late.slots.clear();
    for (int n = 0; n < 5; ++n)
      late.slots.push_back({noon_ + std::chrono::seconds{n}, execution_id(1000 * id.size() + n), true});
    ASSERT_TRUE(store_.fire({late}));
    EXPECT_EQ(cue_column(id, "fired_count"), made) << policy;
  }
}

TEST_F(clock_store, a_one_time_cue_has_nothing_to_overlap) {
  add_due_cue("cue_1", {{"schedule_type", "'once'"}, {"overlap_policy", "'skip'"}});
  add_execution(1, "cue_1");
  EXPECT_TRUE(store_.fire({firing_of("cue_1", 2)}).value().at(0).created);
}

TEST_F(clock_store, however_many_clocks_fire_a_skipping_cue_it_has_one_execution_under_way) {
  add_due_cue("cue_1", {{"overlap_policy", "'skip'"}});
  std::vector<std::thread> clocks;
  for (int c = 0; c < 4; ++c)
    clocks.emplace_back([&, c] {
      persistence::postgres_clock_store store{database_.options()};
      for (int n = 0; n < 50; ++n) { // each goes on from where the row says that the cue is
        const auto armed = store.find_armed({"cue_1"}).value().at(0);
        firing next{
            armed, {{armed.next_run, execution_id(1000 * c + n + 1)}}, armed.next_run + std::chrono::seconds{1}};
        EXPECT_TRUE(store.fire({next}));
      }
    });
  for (auto& c : clocks)
    c.join();
  EXPECT_EQ(database_.value("SELECT count(*) FROM executions"), "1");
  EXPECT_EQ(cue_column("cue_1", "fired_count"), "1");
  EXPECT_NE(cue_column("cue_1", "next_run"), "2026-11-24 12:00:00+00");
}

} // namespace
} // namespace cued::test
