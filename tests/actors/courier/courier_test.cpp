#include "tests/actors/engine_fixture.hpp"

namespace cued::test {
namespace {

using persistence::notice_kind;

class courier : public engine_test {
protected:
  void add_notice(std::int64_t id, notice_kind kind, const std::string& content, const std::string& user = "ann") {
    memory_world::notice n;
    n.started.id = id;
    n.started.kind = kind;
    n.started.attempt = 0;
    n.started.user_id = user;
    n.started.cue_id = "cue_1";
    n.started.content_json = content;
    n.started.email = user + "@example.com";
    n.started.webhook_secret = "whsec_0";
    n.started.alert_url = "https://" + user + ".example/alerts";
    n.started.alert_webhook_secret = "key";
    world.add(n);
  }
  void add_alert(std::int64_t id, const std::string& user = "ann") {
    add_notice(id, notice_kind::alert, R"({"alert_id": "a", "alert_type": "outcome_timeout"})", user);
  }

  bool eventually_is(std::int64_t id, const std::string& status) {
    return world.eventually([&](memory_world& w) { return w.notices.at(id).status == status; });
  }

  static actors::webhook_response with_status(int status) {
    actors::webhook_response r;
    r.status = status;
    return r;
  }
};

TEST_F(courier, a_notice_that_waits_is_delivered_and_written_down) {
  add_alert(1);
  engine();
  EXPECT_TRUE(eventually_is(1, "delivered"));
  EXPECT_EQ(sender.requests.size(), 1u);
  EXPECT_EQ(sender.requests.at(0).url, "https://ann.example/alerts");
}

TEST_F(courier, a_refused_notice_is_tried_again_until_it_is_taken) {
  sender.answer = [](std::size_t nth) { return with_status(nth < 3 ? 500 : 200); };
  add_alert(1);
  engine();
  ASSERT_TRUE(eventually_is(1, "delivered"));
  EXPECT_EQ(sender.requests.size(), 3u);
}

TEST_F(courier, a_notice_that_nobody_ever_takes_is_given_up_with_its_reason) {
  sender.answer = [](std::size_t) { return with_status(500); };
  add_alert(1);
  engine();
  ASSERT_TRUE(eventually_is(1, "failed"));
  EXPECT_EQ(sender.requests.size(), 9u);
  EXPECT_EQ(world.notices.at(1).last_error, "Webhook endpoint returned server error (500)");
}

TEST_F(courier, a_notice_that_cannot_be_composed_does_not_hold_up_others) {
  add_notice(1, notice_kind::alert, "[]");
  add_notice(2, notice_kind::escalation, "{}");
  add_notice(3, notice_kind::mail, R"({"letter": "unheard of"})");
  add_alert(4);
  engine();
  EXPECT_TRUE(eventually_is(4, "delivered"));
  for (const auto id : {1, 2, 3})
    EXPECT_TRUE(eventually_is(id, "failed")) << id;
}

TEST_F(courier, an_alert_whose_owner_has_no_url_any_more_is_dropped) {
  add_alert(1);
  world.notices.at(1).started.alert_url = "";
  engine();
  EXPECT_TRUE(eventually_is(1, "dropped"));
  EXPECT_TRUE(sender.requests.empty());
}

TEST_F(courier, a_letter_goes_to_the_notifier) {
  add_notice(1, notice_kind::mail, R"({"letter": "execution_failed", "cue_name": "backup", "error": "no luck"})");
  engine();
  ASSERT_TRUE(eventually_is(1, "delivered"));
  EXPECT_EQ(post.letters, std::vector<std::string>{"ann@example.com: backup: no luck"});
  EXPECT_TRUE(sender.requests.empty());
}

TEST_F(courier, a_letter_that_the_mail_service_refused_is_sent_again) {
  post.answer = [](std::size_t nth) { return actors::letter_result{nth > 2, nth > 2 ? 200 : 500, "busy"}; };
  add_notice(1, notice_kind::mail, R"({"letter": "execution_failed", "cue_name": "backup", "error": "no luck"})");
  engine();
  ASSERT_TRUE(eventually_is(1, "delivered"));
  EXPECT_EQ(post.letters.size(), 3u);
}

TEST_F(courier, many_notices_of_one_user_and_one_of_another_all_arrive) {
  for (int id = 1; id <= 60; ++id)
    add_alert(id);
  add_alert(61, "bob");
  engine();
  EXPECT_TRUE(world.eventually([](memory_world& w) {
    return std::ranges::all_of(w.notices, [](const auto& n) { return n.second.status == "delivered"; });
  }));
  EXPECT_EQ(sender.requests.size(), 61u);
}

TEST_F(courier, a_result_is_kept_until_the_store_takes_it) {
  world.away("finish", true);
  add_alert(1);
  engine();
  ASSERT_TRUE(eventually_is(1, "sending"));
  world.away("finish", false);
  EXPECT_TRUE(eventually_is(1, "delivered"));
  EXPECT_EQ(sender.requests.size(), 1u) << "it must not be sent again";
}

TEST_F(courier, a_courier_that_died_is_replaced_and_goes_on) {
  world.throw_at("take", 1);
  add_alert(1);
  engine();
  EXPECT_TRUE(eventually_is(1, "delivered"));
}

TEST_F(courier, a_drain_waits_until_what_was_sent_is_written_down) {
  add_alert(1);
  engine();
  ASSERT_TRUE(eventually_is(1, "delivered"));
  EXPECT_TRUE(engine().drain(std::chrono::seconds{5}));
}

} // namespace
} // namespace cued::test
