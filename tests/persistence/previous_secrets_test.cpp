#include "persistence/previous_secrets.hpp"

#include <thread>

#include "persistence/delivery_store.hpp"
#include "persistence/notice_store.hpp"
#include "persistence/user_secrets.hpp"
#include "tests/persistence/execution_rows.hpp"

namespace cued::test {
namespace {

using namespace std::chrono_literals;
using persistence::audit_action;

const std::string original = "whsec_" + std::string(64, 'a');

class previous_secrets : public execution_test {
protected:
  std::optional<instant> rotate(const std::string& secret, std::chrono::seconds overlap) {
    return persistence::replace_webhook_secret(link_, ada, secret, {audit_action::webhook_secret_regenerated}, overlap)
        .value();
  }
  std::optional<instant> rotate_alerts(const std::string& secret, std::chrono::seconds overlap) {
    return persistence::replace_alert_webhook_secret(link_, ada, secret,
                                                     {audit_action::alert_webhook_secret_regenerated}, overlap)
        .value();
  }
  std::string kept() {
    return database_.value("SELECT string_agg(kind || ' ' || secret, ', ' ORDER BY kind) FROM cued.previous_secrets");
  }
  void let_time_pass() { database_.exec("UPDATE cued.previous_secrets SET valid_until = now()"); }

  persistence::started_delivery delivered() {
    return deliveries_.start({add_execution(++executions_, "cue_1")}, wall_clock{}.now()).value().at(0);
  }
  persistence::started_notice noticed() {
    database_.exec("INSERT INTO cued.notices (kind, user_id, content, status, next_attempt_at) VALUES ('escalation', " +
                   quoted(ada) + ", '{}', 'pending', now())");
    return notices_.take({10, 10, {}, 9}, wall_clock{}.now() + 1s).value().at(0);
  }

  persistence::postgres_delivery_store deliveries_{database_.options()};
  persistence::postgres_notice_store notices_{database_.options()};
  int executions_ = 0;
};

TEST_F(previous_secrets, a_rotation_without_overlap_keeps_nothing) {
  EXPECT_FALSE(rotate("whsec_new", 0s));
  EXPECT_EQ(kept(), "");
}

TEST_F(previous_secrets, with_an_overlap_the_replaced_secret_is_kept_for_that_long) {
  const auto before = wall_clock{}.now();
  const auto until = rotate("whsec_new", 1h);
  ASSERT_TRUE(until);
  EXPECT_GE(*until, before + 59min);
  EXPECT_LE(*until, wall_clock{}.now() + 61min);
  EXPECT_EQ(kept(), "webhook " + original);
  EXPECT_EQ(persistence::read_webhook_secret(link_, ada), "whsec_new");
}

TEST_F(previous_secrets, only_the_last_one_is_kept) {
  rotate("whsec_second", 1h);
  rotate("whsec_third", 1h);
  EXPECT_EQ(kept(), "webhook whsec_second");
}

TEST_F(previous_secrets, a_rotation_without_overlap_ends_what_was_kept) {
  rotate("whsec_second", 1h);
  rotate("whsec_third", 0s);
  EXPECT_EQ(kept(), "");
}

TEST_F(previous_secrets, each_kind_has_its_own) {
  ASSERT_TRUE(persistence::alert_webhook_secret(link_, ada, "alert-first"));
  rotate_alerts("alert-second", 1h);
  rotate("whsec_second", 1h);
  EXPECT_EQ(kept(), "alert_webhook alert-first, webhook " + original);
  rotate_alerts("alert-third", 0s);
  EXPECT_EQ(kept(), "webhook " + original);
}

TEST_F(previous_secrets, where_there_was_no_secret_none_overlaps) {
  EXPECT_FALSE(rotate_alerts("alert-first", 1h));
  EXPECT_EQ(kept(), "");
}

TEST_F(previous_secrets, of_a_user_who_is_gone_nothing_is_kept) {
  const std::string nobody = "99999999-9999-4999-8999-999999999999";
  const auto answer =
      persistence::replace_webhook_secret(link_, nobody, "x", {audit_action::webhook_secret_regenerated}, 1h);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, "user_not_found");
  EXPECT_EQ(kept(), "");
}

TEST_F(previous_secrets, rotations_at_once_leave_the_last_two_secrets) {
  constexpr int rivals = 6;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < rivals; ++i)
      threads.emplace_back([&, i] {
        persistence::connection own{database_.options()};
        EXPECT_TRUE(persistence::replace_webhook_secret(own, ada, "whsec_" + std::to_string(i),
                                                        {audit_action::webhook_secret_regenerated}, 1h));
      });
  }
  const auto in_force = persistence::read_webhook_secret(link_, ada).value();
  EXPECT_NE(kept(), "webhook " + in_force) << "what is kept is not what is in force";
  EXPECT_NE(kept(), "webhook " + original);
}

TEST_F(previous_secrets, whoever_sends_is_given_both_until_the_overlap_ends) {
  ASSERT_TRUE(persistence::alert_webhook_secret(link_, ada, "alert-first"));
  add_cue("cue_1");
  EXPECT_EQ(delivered().previous_webhook_secret, "");
  rotate("whsec_second", 1h);
  rotate_alerts("alert-second", 1h);
  const auto delivery = delivered();
  EXPECT_EQ(delivery.webhook_secret, "whsec_second");
  EXPECT_EQ(delivery.previous_webhook_secret, original);
  const auto notice = noticed();
  EXPECT_EQ(notice.previous_webhook_secret, original);
  EXPECT_EQ(notice.previous_alert_webhook_secret, "alert-first");

  let_time_pass();
  EXPECT_EQ(delivered().previous_webhook_secret, "");
  const auto later = noticed();
  EXPECT_EQ(later.webhook_secret, "whsec_second");
  EXPECT_EQ(later.previous_webhook_secret + later.previous_alert_webhook_secret, "");
}

TEST_F(previous_secrets, what_has_ended_is_forgotten_and_what_has_not_is_kept) {
  rotate("whsec_second", 1h);
  ASSERT_TRUE(persistence::forget_previous_secrets(link_));
  EXPECT_EQ(kept(), "webhook " + original);
  let_time_pass();
  ASSERT_TRUE(persistence::forget_previous_secrets(link_));
  EXPECT_EQ(kept(), "");
}

} // namespace
} // namespace cued::test
