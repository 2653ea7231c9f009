#include "persistence/silent_workers.hpp"

#include "tests/persistence/execution_rows.hpp"

namespace cued::test {
namespace {

using namespace std::chrono_literals;

class silent_workers : public execution_test {
protected:
  void hear(const std::string& worker, const std::string& when, const std::string& user = ada) {
    database_.exec("INSERT INTO workers (user_id, worker_id, last_heartbeat) VALUES (" + quoted(user) + ", " +
                   quoted(worker) + ", timestamptz " + quoted(when) +
                   ") ON CONFLICT (user_id, worker_id) DO UPDATE SET last_heartbeat = excluded.last_heartbeat");
  }
  std::size_t tell(instant now) { return persistence::tell_silent_workers(link_, now).value(); }
};

TEST_F(silent_workers, a_worker_silent_for_more_than_300_s_is_told_of_once_per_outage) {
  hear("w", "2026-11-24 12:55:00+00");
  EXPECT_EQ(tell(now_), 0u) << "300 s are not more than 300 s";
  EXPECT_EQ(tell(now_ + 1s), 1u);
  EXPECT_EQ(tell(now_ + 2h), 0u);
  hear("w", "2026-11-24 15:01:00+00");
  EXPECT_EQ(tell(now_ + 2h + 2min), 0u);
  EXPECT_EQ(tell(now_ + 3h), 1u) << "a new outage";
  EXPECT_EQ(database_.value("SELECT count(*) FROM alerts WHERE alert_type = 'worker_offline'"), "2");
}

TEST_F(silent_workers, alert_and_letter_say_which_for_how_long_and_what_waits) {
  database_.exec("UPDATE users SET alert_webhook_url = 'https://a.example', alert_webhook_secret = 'key'");
  add_worker_cue("cue_1");
  add_cue("cue_2");
  add_execution(1, "cue_1");
  add_execution(2, "cue_1", {{"status", "'success'"}});
  add_execution(3, "cue_2");
  hear("w", "2026-11-24 12:50:00+00");
  EXPECT_EQ(tell(now_), 1u);
  EXPECT_EQ(database_.value("SELECT metadata FROM alerts"),
            R"({"worker_id": "w", "last_heartbeat": "2026-11-24T12:50:00+00:00", "pending_executions": 1})");
  EXPECT_EQ(database_.value("SELECT content FROM cued.notices WHERE kind = 'mail'"),
            R"({"letter": "worker_offline", "minutes": 10, "worker_id": "w", "pending_executions": 1})");
  EXPECT_EQ(database_.value("SELECT count(*) FROM cued.notices WHERE kind = 'alert'"), "1");
}

TEST_F(silent_workers, workers_of_one_name_do_not_silence_each_other_across_users) {
  hear("w", "2026-11-24 12:00:00+00");
  hear("w", "2026-11-24 12:00:00+00", bob);
  EXPECT_EQ(tell(now_), 2u);
}

TEST_F(silent_workers, an_outage_of_long_ago_is_history) {
  hear("w", "2026-11-01 12:00:00+00");
  EXPECT_EQ(tell(now_), 0u);
}

TEST_F(silent_workers, a_worker_that_was_deleted_and_comes_back_begins_anew) {
  hear("w", "2026-11-24 12:00:00+00");
  EXPECT_EQ(tell(now_), 1u);
  database_.exec("DELETE FROM workers");
  EXPECT_EQ(tell(now_), 0u);
  EXPECT_EQ(database_.value("SELECT count(*) FROM cued.silent_workers"), "0");
  hear("w", "2026-11-24 12:30:00+00");
  EXPECT_EQ(tell(now_), 1u);
}

} // namespace
} // namespace cued::test
