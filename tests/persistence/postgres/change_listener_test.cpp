#include "persistence/postgres/change_listener.hpp"

#include <condition_variable>
#include <future>

#include <gtest/gtest.h>

#include "tests/persistence/account_rows.hpp"
#include "tests/persistence/test_database.hpp"

namespace cued::test {
namespace {

using persistence::change_events;
using persistence::change_listener;
using namespace std::chrono_literals;

constexpr std::chrono::seconds deadline{30};

/// What a node was told.
class told {
public:
  change_events events() {
    return {[this](bool hearing) { note([&] { hearing_ = hearing, ++turns_; }); },
            [this](const std::string& user_id) { note([&] { users_.insert(user_id); }); },
            [this] { note([&] { everything_ = true; }); }};
  }

  bool hears(bool wanted) {
    return eventually([&] { return hearing_ == wanted; });
  }
  bool hears_of(const std::string& user_id) {
    return eventually([&] { return users_.contains(user_id); });
  }
  bool hears_of_everything() {
    return eventually([&] { return everything_; });
  }
  [[nodiscard]] std::set<std::string> users() {
    const std::lock_guard lock{mutex_};
    return users_;
  }

private:
  template <class Change>
  void note(const Change& change) {
    const std::lock_guard lock{mutex_};
    change();
    changed_.notify_all();
  }
  template <class Condition>
  bool eventually(const Condition& holds) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, deadline, holds);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool hearing_ = true;
  int turns_ = 0;
  bool everything_ = false;
  std::set<std::string> users_;
};

bool heard_everywhere(change_listener& by, std::chrono::milliseconds patience = deadline) {
  std::promise<bool> answer;
  by.when_heard_everywhere(patience, [&](bool heard) { answer.set_value(heard); });
  return answer.get_future().get();
}

class a_change_listener : public database_test {
protected:
  a_change_listener() {
    for (const auto& [user, name] : {std::pair{ada, "ada"}, std::pair{bob, "bob"}}) {
      const auto row = registration(user, std::string{name} + "@b.com", name);
      if (const auto made = persistence::insert_user(link_, row, some_act()); !made)
        ADD_FAILURE() << made.error().message;
    }
  }
  static persistence::change_listener_settings quick() { return {20ms, 10ms, 50ms}; }

  void add_key(const std::string& user) {
    database_.exec("INSERT INTO cued.api_keys (id, user_id, name, scope, key_hash, key_prefix) VALUES "
                   "(gen_random_uuid(), '" +
                   user + "', 'ci', 'full', 'hash of " + user + "', 'cue_sk_12345')");
  }
  std::string count(const std::string& table) { return database_.value("SELECT count(*) FROM " + table); }
};

TEST_F(a_change_listener, does_not_claim_to_hear_before_it_does) {
  std::vector<bool> first;
  change_listener listener{database_.options(),
                           {[&](bool hearing) {
                              if (first.empty())
                                first.push_back(hearing);
                            },
                            [](const std::string&) {}, [] {}},
                           quick()};
  EXPECT_EQ(first, std::vector<bool>{false}) << "before the constructor returned";
}

TEST_F(a_change_listener, hears_of_a_changed_user_and_of_nobody_else) {
  told node;
  change_listener listener{database_.options(), node.events(), quick()};
  ASSERT_TRUE(node.hears(true));
  for (const std::string change :
       {"email = 'new@b.com'", "plan = 'pro'", "active_cue_limit = 1", "monthly_execution_limit = 1",
        "rate_limit_per_minute = 1", "api_key_hash = 'another'"})
    database_.exec("UPDATE users SET " + change + ", updated_at = now() WHERE id = '" + ada + "'");
  EXPECT_TRUE(node.hears_of(ada));
  database_.exec("UPDATE users SET updated_at = now() + interval '1 second'");
  ASSERT_TRUE(heard_everywhere(listener));
  EXPECT_EQ(node.users(), std::set<std::string>{ada});
}

TEST_F(a_change_listener, hears_of_deleted_users_and_emptied_tables) {
  told node;
  change_listener listener{database_.options(), node.events(), quick()};
  ASSERT_TRUE(node.hears(true));
  database_.exec("DELETE FROM users WHERE id = '" + bob + "'");
  EXPECT_TRUE(node.hears_of(bob));
  database_.exec("TRUNCATE users CASCADE");
  EXPECT_TRUE(node.hears_of_everything());
}

TEST_F(a_change_listener, hears_of_named_keys_that_end_or_change_but_not_of_their_use) {
  told node;
  change_listener listener{database_.options(), node.events(), quick()};
  ASSERT_TRUE(node.hears(true));
  add_key(ada);
  add_key(bob);
  database_.exec("UPDATE cued.api_keys SET last_used_at = now()");
  ASSERT_TRUE(heard_everywhere(listener));
  EXPECT_TRUE(node.users().empty());
  database_.exec("UPDATE cued.api_keys SET revoked_at = now() WHERE user_id = '" + ada + "'");
  EXPECT_TRUE(node.hears_of(ada));
  database_.exec("DELETE FROM cued.api_keys WHERE user_id = '" + bob + "'");
  EXPECT_TRUE(node.hears_of(bob));
}

TEST_F(a_change_listener, a_user_made_again_under_the_same_id_inherits_nothing) {
  for (const std::string emptied : {"DELETE FROM users", "TRUNCATE users CASCADE"}) {
    add_key(ada);
    database_.exec("INSERT INTO cued.previous_secrets VALUES ('" + ada + "', 'webhook', 's', now())");
    database_.exec(emptied);
    EXPECT_EQ(count("cued.api_keys"), "0") << emptied;
    EXPECT_EQ(count("cued.previous_secrets"), "0") << emptied;
  }
}

TEST_F(a_change_listener, much_at_once_is_everything) {
  told node;
  change_listener listener{database_.options(), node.events(), quick()};
  ASSERT_TRUE(node.hears(true));
  database_.exec("SELECT pg_notify('cued_callers', gen_random_uuid()::text) FROM generate_series(1, 1000)");
  EXPECT_TRUE(node.hears_of_everything());
}

TEST_F(a_change_listener, does_not_answer_before_every_node_has_acted) {
  told first, second;
  change_listener here{database_.options(), first.events(), quick()};
  change_listener there{database_.options(), second.events(), quick()};
  ASSERT_TRUE(first.hears(true) && second.hears(true));
  for (int i = 0; i < 50; ++i) {
    const auto user = "11111111-2222-4333-8444-0000000000" + std::to_string(10 + i);
    database_.exec("SELECT pg_notify('cued_callers', '" + user + "')");
    ASSERT_TRUE(heard_everywhere(here));
    ASSERT_TRUE(first.users().contains(user));
    ASSERT_TRUE(second.users().contains(user));
  }
}

TEST_F(a_change_listener, a_node_that_does_not_answer_is_waited_for_and_no_longer_than_asked) {
  told node;
  change_listener listener{database_.options(), node.events(), quick()};
  ASSERT_TRUE(node.hears(true));
  auto silent = persistence::listening_link::open(database_.options());
  ASSERT_TRUE(silent);
  static constexpr persistence::named_query listen{"listen", "SELECT pg_advisory_lock_shared(1668638052, 1751474546)"};
  ASSERT_TRUE(silent->ask(listen));
  EXPECT_FALSE(heard_everywhere(listener, 100ms));
  silent = fail(unavailable("gone"));
  bool heard = false; // Postgres takes a moment to see that the connection has ended
  for (const auto until = std::chrono::steady_clock::now() + deadline;
       !heard && std::chrono::steady_clock::now() < until;)
    heard = heard_everywhere(listener, 100ms);
  EXPECT_TRUE(heard);
}

TEST_F(a_change_listener, knows_when_its_connection_is_gone_and_hears_again_by_itself) {
  told node;
  change_listener listener{database_.options(), node.events(), quick()};
  ASSERT_TRUE(node.hears(true));
  for (int i = 0; i < 3; ++i) {
    database_.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '%listener'"
                   " AND datname = current_database()");
    EXPECT_TRUE(heard_everywhere(listener)) << "asked again on the next connection";
  }
  ASSERT_TRUE(node.hears(true));
  database_.exec("UPDATE users SET plan = 'pro' WHERE id = '" + ada + "'");
  EXPECT_TRUE(node.hears_of(ada));
}

TEST_F(a_change_listener, does_not_hear_while_a_trigger_is_switched_off) {
  told node;
  change_listener listener{database_.options(), node.events(), quick()};
  ASSERT_TRUE(node.hears(true));
  database_.exec("ALTER TABLE users DISABLE TRIGGER cued_user_changed");
  EXPECT_TRUE(node.hears(false));
  database_.exec("ALTER TABLE users ENABLE TRIGGER cued_user_changed");
  EXPECT_TRUE(node.hears(true));
}

TEST(a_change_listener_without_a_database, answers_at_its_end_and_never_hears) {
  told node;
  std::atomic<int> answers{0};
  {
    change_listener listener{{.dsn = "host=/nonexistent dbname=none"}, node.events(), {}};
    listener.when_heard_everywhere(deadline, [&](bool heard) { answers += heard ? 100 : 1; });
  }
  EXPECT_EQ(answers, 1);
  EXPECT_TRUE(node.hears(false));
}

/// Somebody who may write `users` but knows nothing of the schema `cued`, as the reference that is handed back.
TEST_F(a_change_listener, triggers_stand_in_nobodys_way) {
  database_.exec("CREATE ROLE reference_" + database_.value("SELECT current_database()") + " LOGIN");
  const auto role = "reference_" + database_.value("SELECT current_database()");
  database_.exec("GRANT ALL ON ALL TABLES IN SCHEMA public TO " + role);
  add_key(ada);
  database_.exec("SET ROLE " + role);
  database_.exec("UPDATE users SET plan = 'pro'");
  database_.exec("DELETE FROM users WHERE id = '" + ada + "'");
  database_.exec("RESET ROLE");
  EXPECT_EQ(count("cued.api_keys"), "0");
  database_.exec("ALTER TABLE users ALTER COLUMN email TYPE varchar(300)");
  database_.exec("DROP SCHEMA cued CASCADE");
  database_.exec("UPDATE users SET plan = 'free'");
  database_.exec("DELETE FROM users");
  EXPECT_EQ(count("users"), "0");
  database_.exec("DROP OWNED BY " + role);
  database_.exec("DROP ROLE " + role);
}

} // namespace
} // namespace cued::test
