#include "persistence/notice_store.hpp"

#include <gmock/gmock.h>

#include "persistence/deadline_store.hpp"
#include "tests/persistence/execution_rows.hpp"

namespace cued::test {
namespace {

using namespace std::chrono_literals;
using persistence::notice_kind;
using persistence::notice_result;

class notice_store : public execution_test {
protected:
  /// Due a second before `now_` unless said otherwise.
  std::int64_t add(const columns& given = {}) {
    columns row{{"kind", "'alert'"},
                {"user_id", quoted(ada)},
                {"content", "'{\"n\": 1}'"},
                {"status", "'pending'"},
                {"next_attempt_at", "timestamptz '2026-11-24 12:59:59+00'"}};
    for (const auto& [name, value] : given)
      row[name] = value;
    std::string names, values;
    for (const auto& [name, value] : row) {
      names += (names.empty() ? "" : ", ") + name;
      values += (values.empty() ? "" : ", ") + value;
    }
    return std::stoll(database_.value("INSERT INTO cued.notices (" + names + ") VALUES (" + values + ") RETURNING id"));
  }

  std::vector<persistence::started_notice> take(instant now, std::vector<std::string> not_of = {},
                                                std::size_t at_most = 100, std::size_t per_user = 100) {
    return store_.take({at_most, per_user, std::move(not_of), 9}, now).value();
  }

  std::size_t finish(std::int64_t id, int attempt, notice_result::verdict what) {
    notice_result r;
    r.id = id;
    r.attempt = attempt;
    r.what = what;
    r.http_status = 500;
    r.last_error = "no luck";
    if (what == notice_result::verdict::retry)
      r.next_attempt = now_ + 30s;
    return store_.finish({r}, now_).value();
  }

  std::string show(std::int64_t id, const std::string& what) {
    return database_.value("SELECT " + what + " FROM cued.notices WHERE id = " + std::to_string(id));
  }

  persistence::postgres_notice_store store_{database_.options()};
};

TEST_F(notice_store, what_is_due_is_taken_once_with_its_owners_address_and_secrets_of_now) {
  const auto id = add({{"cue_id", "'cue_1'"}, {"execution_id", quoted(execution_id(1))}});
  database_.exec("UPDATE users SET alert_webhook_url = 'https://a.example', alert_webhook_secret = 'key' WHERE id = " +
                 quoted(ada));
  const auto taken = take(now_);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].id, id);
  EXPECT_EQ(taken[0].kind, notice_kind::alert);
  EXPECT_EQ(taken[0].attempt, 1);
  EXPECT_EQ(taken[0].user_id, ada);
  EXPECT_EQ(taken[0].cue_id, "cue_1");
  EXPECT_EQ(taken[0].execution_id, execution_id(1));
  EXPECT_EQ(taken[0].content_json, R"({"n": 1})");
  EXPECT_EQ(taken[0].email, "ada@b.com");
  EXPECT_EQ(taken[0].webhook_secret, "whsec_" + std::string(64, 'a'));
  EXPECT_EQ(taken[0].alert_url, "https://a.example");
  EXPECT_EQ(taken[0].alert_webhook_secret, "key");
  EXPECT_EQ(show(id, "status || ' ' || attempts"), "sending 1");
  EXPECT_TRUE(take(now_).empty());
}

TEST_F(notice_store, what_is_not_due_or_at_its_end_is_left_alone) {
  add({{"next_attempt_at", "timestamptz '2026-11-24 13:00:01+00'"}});
  for (const auto* status : {"'delivered'", "'failed'", "'dropped'"})
    add({{"status", status}});
  EXPECT_TRUE(take(now_).empty());
}

TEST_F(notice_store, a_notice_whose_sender_fell_silent_is_due_again_after_a_minute_with_the_lost_attempt_counted) {
  const auto id = add();
  ASSERT_EQ(take(now_).size(), 1u);
  EXPECT_TRUE(take(now_ + 59s).empty());
  const auto again = take(now_ + 61s);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].attempt, 2);
  EXPECT_EQ(finish(id, 1, notice_result::verdict::delivered), 0u) << "a late result of the lost attempt";
  EXPECT_EQ(finish(id, 2, notice_result::verdict::delivered), 1u);
}

TEST_F(notice_store, a_notice_that_was_lost_too_often_is_given_up) {
  const auto id = add({{"status", "'sending'"}, {"attempts", "9"}});
  EXPECT_TRUE(take(now_).empty());
  EXPECT_EQ(show(id, "status || ' ' || attempts"), "failed 9");
}

TEST_F(notice_store, a_result_is_written_with_its_reason) {
  const auto retried = add(), failed = add(), dropped = add(), delivered = add();
  ASSERT_EQ(take(now_).size(), 4u);
  EXPECT_EQ(finish(retried, 1, notice_result::verdict::retry), 1u);
  EXPECT_EQ(finish(failed, 1, notice_result::verdict::failed), 1u);
  EXPECT_EQ(finish(dropped, 1, notice_result::verdict::dropped), 1u);
  EXPECT_EQ(finish(delivered, 1, notice_result::verdict::delivered), 1u);
  EXPECT_EQ(show(retried, "status || ' ' || next_attempt_at || ' ' || http_status || ' ' || last_error"),
            "pending 2026-11-24 13:00:30+00 500 no luck");
  EXPECT_EQ(show(failed, "status || (delivered_at IS NULL)"), "failedtrue");
  EXPECT_EQ(show(dropped, "status || (delivered_at IS NULL)"), "droppedtrue");
  EXPECT_EQ(show(delivered, "status || ' ' || delivered_at"), "delivered 2026-11-24 13:00:00+00");
}

TEST_F(notice_store, a_result_is_written_once) {
  const auto id = add();
  ASSERT_EQ(take(now_).size(), 1u);
  EXPECT_EQ(finish(id, 1, notice_result::verdict::delivered), 1u);
  EXPECT_EQ(finish(id, 1, notice_result::verdict::failed), 0u);
  EXPECT_EQ(show(id, "status"), "delivered");
}

TEST_F(notice_store, users_take_turns_and_busy_ones_wait) {
  for (int i = 0; i < 10; ++i)
    add();
  add({{"user_id", quoted(bob)}, {"next_attempt_at", "timestamptz '2026-11-24 13:00:00+00'"}});
  const auto first = take(now_, {}, 2);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_THAT((std::vector{first[0].user_id, first[1].user_id}), testing::UnorderedElementsAre(ada, bob));
  EXPECT_TRUE(take(now_, {ada}).empty());
  EXPECT_EQ(take(now_, {}, 100, 4).size(), 4u) << "no more of one user";
}

TEST_F(notice_store, a_notice_of_a_user_who_is_gone_is_taken_without_address) {
  add({{"user_id", "'99999999-9999-4999-8999-999999999999'"}});
  const auto taken = take(now_);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].email, "");
  EXPECT_EQ(taken[0].alert_url, "");
}

TEST_F(notice_store, counts_what_waits_and_what_was_given_up) {
  add();
  add({{"status", "'sending'"}});
  add({{"status", "'failed'"}});
  add({{"status", "'delivered'"}});
  EXPECT_EQ(store_.counts(now_)->pending, 2);
  EXPECT_EQ(store_.counts(now_)->failed, 1);
}

TEST_F(notice_store, clean_up_removes_what_ended_a_month_ago_but_not_what_an_alert_shows) {
  for (const auto* status : {"'delivered'", "'failed'", "'dropped'", "'pending'"})
    add({{"status", status}, {"updated_at", "timestamptz '2026-10-24 00:00+00'"}, {"kind", "'mail'"}});
  add({{"status", "'failed'"}, {"updated_at", "timestamptz '2026-11-24 00:00+00'"}, {"kind", "'mail'"}});
  add({{"status", "'delivered'"},
       {"updated_at", "timestamptz '2026-10-24 00:00+00'"},
       {"alert_id", quoted(execution_id(1))}});
  persistence::postgres_deadline_store deadlines{database_.options(), {}};
  EXPECT_EQ(deadlines.clean_up(now_).value(), 3u);
  EXPECT_EQ(database_.value("SELECT count(*) FROM cued.notices"), "3");
}

TEST_F(notice_store, an_alert_has_one_notice) {
  add({{"alert_id", quoted(execution_id(1))}});
  EXPECT_THROW(add({{"alert_id", quoted(execution_id(1))}}), pqxx::unique_violation);
}

} // namespace
} // namespace cued::test
