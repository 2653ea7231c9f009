#include "persistence/postgres/connection.hpp"

#include <chrono>
#include <future>
#include <thread>

#include "persistence/postgres/pool.hpp"
#include "tests/persistence/test_database.hpp"

namespace cued::persistence {

namespace {

using namespace std::chrono_literals;
using test::test_database;

constexpr named_query own_pid{"own_pid", "SELECT pg_backend_pid()"};
constexpr named_query add_row{"add_row", "INSERT INTO things (id) VALUES ($1)"};

class connection_test : public test::database_test {
protected:
  connection_test() { database_.exec("CREATE TABLE things (id int PRIMARY KEY)"); }

  result<int> pid() {
    return link_.run([](session& s) -> result<int> { return s.exec(own_pid)[0][0].as<int>(); });
  }

  std::string things() { return database_.value("SELECT count(*) FROM things"); }
};

} // namespace

TEST_F(connection_test, a_killed_backend_is_a_503_once_and_then_the_connection_is_new) {
  const auto before = pid();
  ASSERT_TRUE(before);
  database_.exec("SELECT pg_terminate_backend(" + std::to_string(*before) + ", 10000)");
  const auto lost = pid();
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().status, 503);
  EXPECT_EQ(lost.error().code, "service_unavailable");
  EXPECT_TRUE(lost.error().retry_after_seconds);
  const auto after = pid();
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_NE(*after, *before);
}

TEST_F(connection_test, a_backend_that_is_killed_within_a_transaction_commits_nothing) {
  const auto outcome = link_.in_transaction([this](session& s) -> result<int> {
    s.exec(add_row, 1);
    database_.exec("SELECT pg_terminate_backend(" + s.exec(own_pid)[0][0].as<std::string>() + ", 10000)");
    s.exec(add_row, 2);
    return 0;
  });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().status, 503);
  EXPECT_EQ(things(), "0");
}

TEST_F(connection_test, a_transaction_that_stands_still_gives_its_rows_back_and_is_a_503) {
  auto options = database_.options();
  options.idle_transaction_seconds = 1;
  connection frozen{options};
  const auto outcome = frozen.in_transaction([this](session& s) -> result<int> {
    s.exec(add_row, 1);
    const auto pid = s.exec(own_pid)[0][0].as<std::string>();
    database_.exec("DO $$ BEGIN WHILE EXISTS (SELECT FROM pg_stat_activity WHERE pid = " + pid +
                   ") LOOP PERFORM pg_sleep(0.05), pg_stat_clear_snapshot(); END LOOP; END $$");
    s.exec(add_row, 2);
    return 0;
  });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().status, 503);
  EXPECT_EQ(things(), "0");
  EXPECT_TRUE(frozen.run([](session& s) -> result<int> { return s.exec(own_pid)[0][0].as<int>(); }));
}

TEST(with_time_limits, what_the_operator_wrote_is_kept_in_either_form) {
  EXPECT_TRUE(with_time_limits("host=x connect_timeout=9").starts_with("keepalives_count=3 "));
  EXPECT_TRUE(with_time_limits("host=x connect_timeout=9").ends_with(" host=x connect_timeout=9"));
  EXPECT_EQ(with_time_limits("postgresql://x/y?connect_timeout=9"),
            "postgresql://x/y?connect_timeout=9&tcp_user_timeout=10000&keepalives_idle=10&keepalives_interval=5"
            "&keepalives_count=3");
}

TEST_F(connection_test, a_server_that_is_not_there_is_a_503) {
  connection nowhere{{"host=/nowhere dbname=x", "test"}};
  const auto outcome = nowhere.run([](session&) -> result<int> { return 1; });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().status, 503);
}

TEST_F(connection_test, a_full_disk_is_a_503_and_known_to_whoever_asks_how_postgres_is) {
  constexpr named_query fills_the_disk{"fills_the_disk", "DO $$ BEGIN RAISE SQLSTATE '53100'; END $$"};
  EXPECT_FALSE(postgres_is_short_of_resources());
  const auto full = link_.run([&](session& s) -> result<int> {
    s.exec(fills_the_disk);
    return 0;
  });
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().status, 503);
  EXPECT_TRUE(postgres_is_short_of_resources());
}

TEST_F(connection_test, another_fault_of_a_statement_is_a_500_and_the_connection_stays) {
  const auto before = pid();
  const auto outcome = link_.run([](session& s) -> result<int> {
    s.exec_text("SELECT 1 / 0 FROM things");
    s.exec_text("SELECT 1 / 0");
    return 0;
  });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().status, 500);
  EXPECT_EQ(pid().value(), before.value());
}

TEST_F(connection_test, what_we_rely_on_and_is_not_there_is_a_503_and_known_to_whoever_asks_how_postgres_is) {
  // It is known of the whole process for 10 s, and another test may just have taken something away.
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (postgres_refuses_our_statements() && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  ASSERT_FALSE(postgres_refuses_our_statements());
  for (const char* state : {"42P01", "42703", "42883", "42501", "3F000", "25006"}) {
    const auto outcome = link_.run([&](session& s) -> result<int> {
      s.exec_text(std::string{"DO $$ BEGIN RAISE SQLSTATE '"} + state + "'; END $$");
      return 0;
    });
    ASSERT_FALSE(outcome) << state;
    EXPECT_EQ(outcome.error().status, 503) << state;
  }
  EXPECT_TRUE(postgres_refuses_our_statements());
}

TEST_F(connection_test, a_statement_whose_table_changed_since_it_was_prepared_is_prepared_anew) {
  constexpr named_query all{"all_things", "SELECT * FROM things"};
  const auto columns = [&] {
    return link_.run([&](session& s) -> result<int> { return static_cast<int>(s.exec(all).columns()); });
  };
  const auto before = columns();
  ASSERT_TRUE(before);
  database_.exec("ALTER TABLE things ADD COLUMN one_more integer");
  const auto after = columns();
  ASSERT_TRUE(after);
  EXPECT_EQ(after.value(), before.value() + 1);
}

TEST_F(connection_test, after_work_that_ran_out_of_memory_the_connection_is_new_and_nothing_is_half_done) {
  const auto before = pid();
  const auto outcome = link_.in_transaction([](session& s) -> result<int> {
    s.exec(add_row, 1);
    throw std::bad_alloc{};
  });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().status, 500);
  EXPECT_EQ(things(), "0");
  EXPECT_NE(pid().value(), before.value());
}

TEST_F(connection_test, a_unit_of_work_may_answer_a_violation_itself) {
  const auto insert = [](session& s) -> result<int> {
    try {
      s.exec(add_row, 1);
      return 1;
    } catch (const pqxx::unique_violation&) {
      return fail(409, "taken", "Taken");
    }
  };
  EXPECT_TRUE(link_.in_transaction(insert));
  const auto second = link_.in_transaction(insert);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "taken");
  EXPECT_EQ(things(), "1");
}

TEST_F(connection_test, an_error_rolls_the_whole_transaction_back) {
  const auto outcome = link_.in_transaction([](session& s) -> result<int> {
    s.exec(add_row, 1);
    return fail(404, "not_found", "Not found");
  });
  EXPECT_FALSE(outcome);
  EXPECT_EQ(things(), "0");
}

TEST_F(connection_test, a_deadlock_is_resolved_by_doing_the_work_again) {
  database_.exec("INSERT INTO things VALUES (1), (2)");
  connection other{database_.options()};
  std::promise<void> first_has_1, second_has_2;
  const auto lock_both = [](connection& link, int first, int second, std::promise<void>& mine,
                            std::promise<void>& theirs) {
    bool met = false;
    return link.in_transaction([&](session& s) -> result<int> {
      s.exec_text("SELECT id FROM things WHERE id = " + std::to_string(first) + " FOR UPDATE");
      if (!std::exchange(met, true)) {
        mine.set_value();
        theirs.get_future().wait_for(30s);
      }
      s.exec_text("SELECT id FROM things WHERE id = " + std::to_string(second) + " FOR UPDATE");
      return 1;
    });
  };
  auto second = std::async(std::launch::async, [&] { return lock_both(other, 2, 1, second_has_2, first_has_1); });
  EXPECT_TRUE(lock_both(link_, 1, 2, first_has_1, second_has_2));
  EXPECT_TRUE(second.get());
}

TEST_F(connection_test, every_session_speaks_utc_whatever_the_database_says) {
  database_.exec("ALTER DATABASE " + database_.name() + " SET TimeZone = 'Asia/Tokyo'");
  connection fresh{database_.options()};
  const auto zone = fresh.run([](session& s) -> result<std::string> {
    return s.exec_text("SELECT current_setting('TimeZone')")[0][0].as<std::string>();
  });
  EXPECT_EQ(zone.value(), "UTC");
}

TEST_F(connection_test, an_array_of_awkward_texts_arrives_as_it_was) {
  const std::vector<std::string> texts{"plain",    "",        "NULL",       "a,b", "{x}", "quote\" and \\backslash",
                                       " blanks ", "ünïcode", "line\nbreak"};
  array_builder builder;
  for (const auto& text : texts)
    builder.add(text);
  builder.add_null().add_or_null(std::nullopt).add_or_null(std::string{"last"});
  const auto array = std::move(builder).str();
  const auto rows = link_.run([&](session& s) -> result<std::vector<std::optional<std::string>>> {
    constexpr named_query unnest{"unnest_text",
                                 "SELECT t FROM unnest($1::text[]) WITH ORDINALITY AS a (t, n) ORDER BY n"};
    std::vector<std::optional<std::string>> out;
    for (const auto& row : s.exec(unnest, array))
      out.push_back(row[0].is_null() ? std::nullopt : std::optional{row[0].as<std::string>()});
    return out;
  });
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), texts.size() + 3);
  for (std::size_t i = 0; i < texts.size(); ++i)
    EXPECT_EQ((*rows)[i], texts[i]);
  EXPECT_EQ((*rows)[texts.size()], std::nullopt);
  EXPECT_EQ((*rows)[texts.size() + 1], std::nullopt);
  EXPECT_EQ((*rows)[texts.size() + 2], "last");
}

TEST_F(connection_test, an_empty_array_has_no_rows) {
  const auto count = link_.run([](session& s) -> result<int> {
    constexpr named_query counting{"count_text", "SELECT cardinality($1::text[])"};
    return s.exec(counting, array_builder{}.str())[0][0].as<int>();
  });
  EXPECT_EQ(count.value(), 0);
}

TEST_F(connection_test, instants_survive_the_way_into_the_database_and_back) {
  using namespace std::chrono;
  for (const instant t : {instant{}, instant{sys_days{2026y / 3 / 29}} + 1h + 59min + 59s + 999'999us,
                          instant{sys_days{2024y / 2 / 29}} + 500ms, instant{sys_days{1969y / 12 / 31}} + 23h + 1us,
                          instant{sys_days{9999y / 12 / 31}}}) {
    const auto text = link_.run([&](session& s) -> result<std::string> {
      constexpr named_query echo{"echo_instant", "SELECT $1::timestamptz"};
      return s.exec(echo, write_instant(t))[0][0].as<std::string>();
    });
    ASSERT_TRUE(text);
    EXPECT_EQ(read_instant(*text), t) << *text;
  }
}

TEST(read_instant, fractions_of_any_length_are_microseconds) {
  using namespace std::chrono;
  const instant whole = sys_days{2026y / 3 / 20} + 9h;
  EXPECT_EQ(read_instant("2026-03-20 09:00:00+00"), whole);
  EXPECT_EQ(read_instant("2026-03-20 09:00:00.5+00"), whole + 500ms);
  EXPECT_EQ(read_instant("2026-03-20 09:00:00.000001+00"), whole + 1us);
  EXPECT_EQ(read_instant("12026-03-20 09:00:00+00"), instant{sys_days{year{12026} / 3 / 20}} + 9h);
  EXPECT_THROW((void)read_instant("soon"), std::runtime_error);
}

TEST_F(connection_test, a_pool_does_what_it_was_given_and_finishes_it_before_it_goes) {
  {
    pool workers{database_.options(), 2};
    for (int i = 0; i < 20; ++i)
      EXPECT_TRUE(workers.submit([i](connection& link) {
        const auto done = link.run([i](session& s) -> result<int> {
          s.exec(add_row, i);
          return i;
        });
        EXPECT_TRUE(done);
      }));
  }
  EXPECT_EQ(things(), "20");
}

TEST_F(connection_test, a_full_pool_refuses) {
  std::promise<void> busy, release;
  auto released = release.get_future().share();
  pool workers{database_.options(), 1, 1};
  ASSERT_TRUE(workers.submit([&](connection&) {
    busy.set_value();
    released.wait();
  }));
  busy.get_future().wait();
  EXPECT_TRUE(workers.submit([](connection&) {}));
  EXPECT_EQ(workers.waiting(), 1U);
  EXPECT_FALSE(workers.submit([](connection&) {}));
  release.set_value();
}

TEST_F(connection_test, a_pool_recovers_from_a_killed_backend) {
  pool workers{database_.options(), 1};
  const auto ask = [&] {
    std::promise<result<int>> answer;
    EXPECT_TRUE(workers.submit([&](connection& link) {
      answer.set_value(link.run([](session& s) -> result<int> { return s.exec(own_pid)[0][0].as<int>(); }));
    }));
    return answer.get_future().get();
  };
  const auto before = ask();
  ASSERT_TRUE(before);
  database_.exec("SELECT pg_terminate_backend(" + std::to_string(*before) + ", 10000)");
  EXPECT_EQ(ask().error().status, 503);
  EXPECT_TRUE(ask());
}

} // namespace cued::persistence
