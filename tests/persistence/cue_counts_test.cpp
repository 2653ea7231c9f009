#include "persistence/cue_counts.hpp"

#include <atomic>
#include <latch>
#include <thread>

#include <gmock/gmock.h>

#include "persistence/cue_changes.hpp"
#include "persistence/outcome_store.hpp"
#include "persistence/postgres/migrations.hpp"
#include "persistence/usage.hpp"
#include "tests/persistence/execution_rows.hpp"
#include "tests/persistence/postgres/reference_shapes.hpp"

namespace cued::test {
namespace {

using persistence::fold_cue_counts;
using persistence::session;

class cue_counts : public execution_test {
protected:
  /// All, active, paused, completed, failed; as the API tells them.
  std::string told(const std::string& user = ada) { return told_on(link_, user); }

  static std::string told_on(persistence::connection& link, const std::string& user) {
    std::string out = std::to_string(persistence::list_cues(link, user, std::nullopt, 1, 0)->total);
    for (const auto* status : {"active", "paused", "completed", "failed"})
      out += " " + std::to_string(persistence::list_cues(link, user, status, 1, 0)->total);
    return out;
  }

  /// The same, by counting them.
  std::string counted(const std::string& user = ada) {
    return database_.value("SELECT concat_ws(' ', count(*), count(*) FILTER (WHERE status = 'active'), "
                           "count(*) FILTER (WHERE status = 'paused'), count(*) FILTER (WHERE status = 'completed'), "
                           "count(*) FILTER (WHERE status = 'failed')) FROM cues WHERE user_id = " +
                           quoted(user));
  }

  void expect_the_truth(const std::string& what) {
    for (const auto& user : {ada, bob})
      EXPECT_EQ(told(user), counted(user)) << what;
  }

  /// `count` cues whose ids begin with `prefix`, as one statement of somebody else makes them.
  void add_many(const std::string& prefix, int count, const std::string& user = ada,
                const std::string& status = "active") {
    database_.exec("INSERT INTO cues (id, user_id, name, status, schedule_type) SELECT " + quoted(prefix) + " || n, " +
                   quoted(user) + ", " + quoted(prefix) + " || n, " + quoted(status) +
                   ", 'once' FROM generate_series(1, " + std::to_string(count) + ") AS n");
  }

  persistence::new_cue new_cue(const std::string& which, const std::string& user = ada) {
    persistence::new_cue out;
    out.id = "cue_" + which;
    out.user_id = user;
    out.name = "name " + which;
    out.transport = "worker";
    out.schedule = {"recurring", "0 9 * * *", std::nullopt, "UTC"};
    out.callback_method = "POST";
    out.callback_headers_json = "{}";
    out.payload_json = "{}";
    out.on_failure_json = R"({"email":true,"webhook":null,"pause":false})";
    return out;
  }

  std::string unfolded() { return database_.value("SELECT count(*) FROM cued.cue_count_changes"); }
};

using counts_of_cues = cue_counts;

TEST_F(counts_of_cues, follow_whatever_is_done_to_them) {
  for (const auto* statement : {
           "INSERT INTO cues (id, user_id, name, status, schedule_type) SELECT 'c' || n, CASE n % 3 WHEN 0 THEN "
           "'22222222-2222-4222-8222-222222222222'::uuid ELSE '11111111-1111-4111-8111-111111111111'::uuid END, "
           "'n' || n, (ARRAY['active', 'paused', 'completed', 'failed'])[n % 4 + 1], 'once' "
           "FROM generate_series(1, 50) AS n",
           "INSERT INTO cues (id, user_id, name, status, schedule_type) SELECT 'c1', user_id, 'other', 'active', "
           "'once' "
           "FROM cues WHERE id = 'c1' ON CONFLICT (id) DO UPDATE SET status = 'paused'",
           "INSERT INTO cues (id, user_id, name, status, schedule_type) SELECT id, user_id, name, status, 'once' "
           "FROM cues ON CONFLICT DO NOTHING",
           "UPDATE cues SET status = 'completed' WHERE status = 'active' AND id < 'c3'",
           "UPDATE cues SET status = 'active', next_run = now() WHERE status = 'failed'",
           "UPDATE cues SET next_run = now(), payload = '{}', status = status",
           "UPDATE cues SET user_id = '22222222-2222-4222-8222-222222222222' WHERE id < 'c2'",
           "UPDATE cues SET user_id = '11111111-1111-4111-8111-111111111111', status = 'failed' WHERE id > 'c4'",
           "DELETE FROM cues WHERE id LIKE '%7'",
           "DELETE FROM cues WHERE false",
       }) {
    database_.exec(statement);
    expect_the_truth(statement);
  }
  EXPECT_NE(counted(bob), "0 0 0 0 0");
}

TEST_F(counts_of_cues, go_with_what_was_truncated) {
  add_many("a", 3);
  ASSERT_TRUE(fold_cue_counts(link_));
  add_many("b", 40);
  database_.exec("TRUNCATE cues CASCADE");
  EXPECT_EQ(told(), "0 0 0 0 0");
  add_many("c", 2);
  EXPECT_EQ(told(), "2 2 0 0 0");
  database_.exec("TRUNCATE users CASCADE");
  EXPECT_EQ(told(), "0 0 0 0 0");
}

TEST_F(counts_of_cues, may_be_truncated_by_the_same_statement) {
  for (const auto* also : {"cued.cue_counts", "cued.cue_count_changes", "cued.cue_counts, cued.cue_count_changes"}) {
    for (int n = 0; n < 40; ++n)
      add_many("a" + std::to_string(n) + "_", 1);
    ASSERT_EQ(fold_cue_counts(link_).value(), 1u);
    add_many("b", 2);
    database_.exec(std::string{"TRUNCATE cues, "} + also + " CASCADE");
    EXPECT_EQ(told(), "0 0 0 0 0") << also;
  }
}

TEST_F(counts_of_cues, go_with_a_deleted_user_and_are_not_found_by_one_of_the_same_id) {
  add_many("a", 100);
  add_many("b", 3, bob, "paused");
  ASSERT_TRUE(persistence::create_cue(link_, new_cue("a"), std::nullopt));
  database_.exec("DELETE FROM users WHERE id = " + quoted(ada));
  EXPECT_EQ(told(), "0 0 0 0 0");
  EXPECT_EQ(told(bob), "3 0 3 0 0");
  ASSERT_TRUE(fold_cue_counts(link_));
  EXPECT_EQ(unfolded(), "1") << "bob's";
  EXPECT_EQ(database_.value("SELECT count(*) FROM cued.cue_counts"), "0") << "nothing is left of her";
}

TEST_F(counts_of_cues, are_not_touched_by_what_is_rolled_back) {
  add_many("a", 2);
  database_.exec("BEGIN; INSERT INTO cues (id, user_id, name, schedule_type) VALUES ('b', " + quoted(ada) +
                 ", 'b', 'once'); UPDATE cues SET status = 'failed'; DELETE FROM cues WHERE id = 'a1'; ROLLBACK");
  EXPECT_EQ(told(), "2 2 0 0 0");
  database_.exec("BEGIN; SAVEPOINT s; DELETE FROM cues; ROLLBACK TO s; UPDATE cues SET status = 'paused' "
                 "WHERE id = 'a1'; COMMIT");
  EXPECT_EQ(told(), "2 1 1 0 0");
}

TEST_F(counts_of_cues, within_a_snapshot_are_those_of_the_snapshot) {
  constexpr persistence::named_query seen{"seen_cues", "SELECT cues FROM cued.cue_counts_of($1::uuid)"};
  add_many("a", 50);
  persistence::connection other{database_.options()};
  const auto held = other.in_transaction([&](session& s) -> result<void> {
    s.exec_text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    EXPECT_EQ(s.exec(seen, ada)[0][0].as<int>(), 50);
    for (int n = 0; n < 40; ++n)
      add_many("b" + std::to_string(n) + "_", 1);
    EXPECT_EQ(s.exec(seen, ada)[0][0].as<int>(), 50);
    EXPECT_EQ(fold_cue_counts(link_).value(), 1u);
    EXPECT_EQ(s.exec(seen, ada)[0][0].as<int>(), 50) << "what was folded meanwhile";
    return {};
  });
  ASSERT_TRUE(held);
  EXPECT_EQ(told(), "90 90 0 0 0");
}

TEST_F(counts_of_cues, of_a_status_nobody_keeps_a_count_of_are_counted) {
  database_.exec("ALTER TABLE cues DROP CONSTRAINT valid_status");
  add_many("a", 3, ada, "resting");
  add_many("b", 2);
  EXPECT_EQ(told(), "5 2 0 0 0");
  EXPECT_EQ(persistence::list_cues(link_, ada, "resting", 1, 0)->total, 3);
  EXPECT_EQ(persistence::list_cues(link_, ada, "gone", 1, 0)->total, 0);
}

TEST_F(counts_of_cues, are_the_ones_of_the_usage) {
  add_many("a", 3);
  add_many("b", 2, ada, "paused");
  add_many("c", 1, ada, "failed");
  EXPECT_EQ(persistence::read_usage(link_, ada, "2026-11-01")->cues, 5);
}

// -- folding -------------------------------------------------------------

TEST_F(counts_of_cues, stay_the_same_when_they_are_folded) {
  for (int round = 0; round < 3; ++round) {
    const auto prefix = "r" + std::to_string(round) + "_";
    add_many(prefix, 100);
    database_.exec("UPDATE cues SET status = 'paused' WHERE id LIKE '" + prefix + "%1'");
    for (int n = 0; n < 40; ++n)
      database_.exec("UPDATE cues SET status = CASE status WHEN 'paused' THEN 'failed' ELSE 'paused' END WHERE id = '" +
                     prefix + "2'");
    EXPECT_NE(unfolded(), "0");
    const auto before = counted();
    EXPECT_EQ(told(), before);
    EXPECT_EQ(fold_cue_counts(link_).value(), 1u);
    EXPECT_EQ(told(), before);
    EXPECT_EQ(unfolded(), "0");
    EXPECT_EQ(database_.value("SELECT count(*) FROM cued.cue_counts"), "1");
  }
}

TEST_F(counts_of_cues, are_folded_by_the_creates_of_their_account) {
  for (int n = 0; n < 2 * persistence::changes_worth_folding + 20; ++n)
    ASSERT_TRUE(persistence::create_cue(link_, new_cue(std::to_string(n)), std::nullopt));
  EXPECT_EQ(unfolded(), "20");
  expect_the_truth("after creates");
}

TEST_F(counts_of_cues, are_folded_in_portions_after_a_bulk_change) {
  add_many("a", 25'000);
  ASSERT_TRUE(persistence::create_cue(link_, new_cue("x"), std::nullopt));
  database_.exec("UPDATE cues SET status = 'paused' WHERE id LIKE 'a%'");
  database_.exec("UPDATE cues SET status = 'failed' WHERE id LIKE 'a1%'");
  const auto before = counted();
  ASSERT_TRUE(fold_cue_counts(link_));
  EXPECT_NE(unfolded(), "0");
  EXPECT_EQ(told(), before);
  for (int portion = 0; portion < 3; ++portion)
    ASSERT_TRUE(fold_cue_counts(link_));
  EXPECT_EQ(unfolded(), "0");
  EXPECT_EQ(told(), before);
}

/// A change that was made before the fold and is committed after it lies before everything the fold has seen.
TEST_F(counts_of_cues, miss_nothing_that_was_under_way_during_a_fold) {
  persistence::connection slow{database_.options()};
  const auto done = slow.in_transaction([&](session& s) -> result<void> {
    s.exec_text("INSERT INTO cues (id, user_id, name, schedule_type) VALUES ('slow', " + quoted(ada) +
                ", 'slow', 'once')");
    add_many("a", 10);
    for (int n = 0; n < 50; ++n)
      database_.exec("UPDATE cues SET status = CASE status WHEN 'active' THEN 'paused' ELSE 'active' END "
                     "WHERE id = 'a1'");
    EXPECT_EQ(fold_cue_counts(link_).value(), 1u);
    EXPECT_EQ(told(), "10 10 0 0 0");
    return {};
  });
  ASSERT_TRUE(done);
  EXPECT_EQ(told(), "11 11 0 0 0");
  add_many("b", 1);
  EXPECT_EQ(told(), "12 12 0 0 0");
}

TEST_F(counts_of_cues, of_an_account_whose_lock_somebody_holds_wait_for_the_next_fold) {
  for (int n = 0; n < 50; ++n)
    add_many("a" + std::to_string(n) + "_", 1);
  persistence::connection creating{database_.options()};
  const auto created = creating.in_transaction([&](session& s) -> result<void> {
    persistence::lock_cue_creates(s, ada);
    EXPECT_EQ(fold_cue_counts(link_).value(), 0u);
    return {};
  });
  ASSERT_TRUE(created);
  EXPECT_EQ(fold_cue_counts(link_).value(), 1u);
  EXPECT_EQ(told(), "50 50 0 0 0");
}

/// Restored elsewhere, the numbers of transactions begin again: none of the new changes may look like an old one.
TEST_F(counts_of_cues, hold_in_another_life_of_the_server) {
  add_many("a", 3);
  ASSERT_TRUE(persistence::create_cue(link_, new_cue("x"), std::nullopt));
  for (int n = 0; n < 50; ++n)
    add_many("b" + std::to_string(n) + "_", 1);
  ASSERT_EQ(fold_cue_counts(link_).value(), 1u);
  database_.exec("UPDATE cued.cue_counts SET since = '999999999999', counted_in = counted_in - interval '1 day'");
  add_many("c", 2);
  EXPECT_EQ(told(), "56 56 0 0 0");
  for (int n = 0; n < 50; ++n)
    add_many("d" + std::to_string(n) + "_", 1);
  ASSERT_EQ(fold_cue_counts(link_).value(), 1u);
  EXPECT_EQ(told(), "106 106 0 0 0");
  add_many("e", 1);
  EXPECT_EQ(told(), "107 107 0 0 0");
}

// -- at the same time ----------------------------------------------------

TEST_F(counts_of_cues, hold_the_limit_among_a_hundred_creates_at_once) {
  constexpr int threads = 10, creates_each = 10, limit = 37;
  std::latch start{threads};
  std::atomic<int> created = 0, refused = 0;
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t)
    running.emplace_back([&, t] {
      persistence::connection own{database_.options()};
      start.arrive_and_wait();
      for (int n = 0; n < creates_each; ++n) {
        const auto made = persistence::create_cue(own, new_cue(std::to_string(t * creates_each + n)), limit);
        if (made)
          ++created;
        else if (made.error().code == "cue_limit_exceeded")
          ++refused;
      }
    });
  for (auto& thread : running)
    thread.join();
  EXPECT_EQ(created, limit);
  EXPECT_EQ(refused, threads * creates_each - limit);
  EXPECT_EQ(told(), "37 37 0 0 0");
}

/// Creates of two accounts, bulk changes that lock cues of both in opposite orders of account, folds and readers. A
/// deadlock would be an error of the bulk changes, which nobody repeats.
TEST_F(counts_of_cues, are_exact_and_stop_nobody_whoever_changes_folds_and_reads_at_the_same_time) {
  add_many("a", 200);
  add_many("b", 200, bob);
  std::atomic<int> working = 4;
  const auto change = [&](const std::string& first, const std::string& second) {
    pqxx::connection link{database_.options().dsn};
    for (int n = 0; n < 30; ++n) {
      pqxx::work work{link};
      for (const auto& user : {first, second})
        work.exec(
            "UPDATE cues SET status = CASE status WHEN 'active' THEN 'paused' ELSE 'active' END WHERE user_id = " +
            quoted(user) + " AND id IN (SELECT id FROM cues WHERE user_id = " + quoted(user) + " AND id LIKE '_" +
            (first == ada ? "1" : "2") + "%')");
      work.commit();
    }
    --working;
  };
  const auto create = [&](const std::string& user, const std::string& prefix) {
    persistence::connection link{database_.options()};
    for (int n = 0; n < 60; ++n)
      EXPECT_TRUE(persistence::create_cue(link, new_cue(prefix + std::to_string(n), user), 1000));
    --working;
  };
  const auto fold = [&] {
    persistence::connection link{database_.options()};
    while (working > 0)
      EXPECT_TRUE(fold_cue_counts(link));
  };
  std::vector<std::thread> threads;
  threads.emplace_back([&] { EXPECT_NO_THROW(change(ada, bob)); });
  threads.emplace_back([&] { EXPECT_NO_THROW(change(bob, ada)); });
  threads.emplace_back(create, ada, "x");
  threads.emplace_back(create, bob, "y");
  threads.emplace_back(fold);
  threads.emplace_back(fold);
  std::int64_t before = 0;
  while (working > 0) {
    const auto now = persistence::list_cues(link_, ada, std::nullopt, 1, 0)->total;
    EXPECT_GE(now, before);
    EXPECT_LE(now, 260);
    before = now;
  }
  for (auto& thread : threads)
    thread.join();
  expect_the_truth("at the end");
  EXPECT_EQ(persistence::list_cues(link_, bob, std::nullopt, 1, 0)->total, 260);
}

TEST_F(counts_of_cues, follow_one_time_cues_to_their_end) {
  add_worker_cue("cue_1", "{}", {{"schedule_type", "'once'"}});
  add_execution(1, "cue_1", {{"status", "'delivering'"}});
  persistence::reported_outcome report;
  report.user_id = ada;
  report.execution_id = execution_id(1);
  report.success = true;
  persistence::postgres_outcome_store store{database_.options()};
  ASSERT_TRUE(store.record_outcomes({report}, now_));
  EXPECT_EQ(told(), "1 0 0 1 0");
  ASSERT_TRUE(persistence::delete_cue(link_, ada, "cue_1"));
  EXPECT_EQ(told(), "0 0 0 0 0");
}

// -- with others ---------------------------------------------------------

TEST_F(counts_of_cues, follow_somebody_who_may_write_nothing_but_cues) {
  database_.exec("DROP ROLE IF EXISTS writer; CREATE ROLE writer; GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE "
                 "ON cues TO writer; GRANT SELECT ON users TO writer");
  database_.exec("SET ROLE writer");
  add_many("a", 5);
  database_.exec("UPDATE cues SET status = 'paused' WHERE id = 'a1'");
  database_.exec("DELETE FROM cues WHERE id = 'a2'");
  database_.exec("RESET ROLE");
  EXPECT_EQ(told(), "4 3 1 0 0");
  database_.exec("DROP OWNED BY writer; DROP ROLE writer");
}

TEST_F(counts_of_cues, leave_no_trace_on_cues_when_our_schema_is_dropped) {
  add_many("a", 5);
  database_.exec("DROP SCHEMA cued CASCADE");
  EXPECT_EQ(database_.value("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'cues'::regclass AND NOT tgisinternal"),
            "0");
  add_many("b", 5);
  ASSERT_TRUE(persistence::migrate(database_.options()));
  EXPECT_EQ(told(), "10 10 0 0 0") << "and are filled in again";
}

class cue_counts_of_a_database_in_use : public ::testing::Test {
protected:
  test_database database_ = test_database::without_schema();
};

TEST_F(cue_counts_of_a_database_in_use, are_filled_in_by_the_migration) {
  make_reference_shape(database_);
  database_.exec("INSERT INTO users (id, email, api_key_hash, api_key_prefix, slug, webhook_secret) VALUES (" +
                 quoted(ada) + ", 'ada@b.com', 'h', 'p', 'ada', 'w'), (" + quoted(bob) +
                 ", 'bob@b.com', 'i', 'q', 'bob', 'w')");
  database_.exec("INSERT INTO cues (id, user_id, name, status, schedule_type) SELECT 'c' || n, " + quoted(ada) +
                 ", 'n' || n, (ARRAY['active', 'paused', 'completed', 'failed'])[CASE WHEN n > 6 THEN 1 ELSE n % 4 + 1 "
                 "END], 'once' FROM generate_series(1, 10) AS n");
  ASSERT_TRUE(persistence::migrate(database_.options()));
  persistence::connection link{database_.options()};
  const auto total = [&](const std::optional<std::string>& status) {
    return persistence::list_cues(link, ada, status, 1, 0)->total;
  };
  EXPECT_EQ(total(std::nullopt), 10);
  EXPECT_EQ(total("active"), 5);
  EXPECT_EQ(total("paused"), 2);
  EXPECT_EQ(total("completed"), 2);
  EXPECT_EQ(total("failed"), 1);
  EXPECT_EQ(persistence::list_cues(link, bob, std::nullopt, 1, 0)->total, 0);

  database_.exec("DELETE FROM cues WHERE id = 'c10'");
  EXPECT_EQ(total("active"), 4);
  database_.exec(std::string{persistence::migrations().at(10).sql});
  EXPECT_EQ(total("active"), 4) << "it can be run again";
}

} // namespace
} // namespace cued::test
