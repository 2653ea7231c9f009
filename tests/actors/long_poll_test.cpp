#include <set>

#include "actors/tenant/news_board.hpp"
#include "tests/actors/engine_fixture.hpp"

namespace cued::test {
namespace {

using namespace std::chrono_literals;

/// Longer than any test takes: whoever is answered before did not wait for his time to be up.
constexpr auto long_wait = 30s;

class long_polls : public engine_test {
protected:
  std::future<result<actors::claim_grant>> waiting_claim(std::chrono::milliseconds wait = long_wait,
                                                         std::shared_ptr<const std::atomic<bool>> abandoned = nullptr) {
    auto promise = std::make_shared<std::promise<result<actors::claim_grant>>>();
    engine().claim({"ann", "", "worker", wait, std::move(abandoned)},
                   actors::reply<actors::claim_grant>{
                       [promise](result<actors::claim_grant> r) { promise->set_value(std::move(r)); }});
    return promise->get_future();
  }

  std::future<result<std::uint64_t>> news_after(std::optional<std::uint64_t> seen,
                                                std::chrono::milliseconds wait = long_wait) {
    auto promise = std::make_shared<std::promise<result<std::uint64_t>>>();
    engine().wait_ready("ann", seen, wait, actors::reply<std::uint64_t>{[promise](result<std::uint64_t> r) {
                          promise->set_value(std::move(r));
                        }});
    return promise->get_future();
  }

  /// The tenant has looked and found nothing: its guests wait.
  void until_the_store_was_looked_at(std::size_t times = 1) {
    ASSERT_TRUE(world.eventually([&](memory_world& w) { return w.ready_looks >= times; }));
  }

  /// As a fire does: the row, then the news.
  void fire(const std::string& id, std::chrono::milliseconds from_now = 0ms) {
    memory_world::execution e;
    e.id = id;
    e.user_id = "ann";
    e.scheduled_for = clock.now() + from_now;
    world.add(e);
    engine().execution_created("ann", id, false, e.scheduled_for);
  }
};

TEST_F(long_polls, a_claim_without_patience_is_told_at_once_that_there_is_nothing) {
  const auto refused = waiting_claim(0ms).get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "claim_failed");
}

/// The tenant looks at the store only when it has a reason to.
class long_polls_without_looks : public long_polls {
protected:
  actors::engine_settings settings() override {
    auto s = long_polls::settings();
    s.poll_interval = std::chrono::hours{1};
    return s;
  }
};

TEST_F(long_polls_without_looks, a_claim_without_patience_is_told_at_once_that_one_that_waits_took_all_there_was) {
  auto patient = waiting_claim();
  until_the_store_was_looked_at();
  add_ready("e1");
  auto impatient = waiting_claim(0ms);
  ASSERT_EQ(impatient.wait_for(10s), std::future_status::ready);
  const auto refused = impatient.get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "claim_failed");
  EXPECT_EQ(patient.get()->execution_id, "e1");
}

TEST_F(long_polls, a_waiting_claim_gets_what_is_fired_meanwhile) {
  auto waiting = waiting_claim();
  until_the_store_was_looked_at();
  fire("e1");
  EXPECT_EQ(waiting.get()->execution_id, "e1");
}

TEST_F(long_polls, a_waiting_claim_gets_what_others_wrote_into_the_database) {
  auto waiting = waiting_claim();
  until_the_store_was_looked_at();
  add_ready("e1");
  EXPECT_EQ(waiting.get()->execution_id, "e1");
}

TEST_F(long_polls, a_waiting_claim_gets_what_was_postponed_before_it_came_and_not_before_its_time) {
  fire("e1", 300ms);
  const auto due = world.find("e1").scheduled_for;
  EXPECT_EQ(waiting_claim().get()->execution_id, "e1");
  EXPECT_GE(world.find("e1").claimed_at, due);
}

TEST_F(long_polls, a_waiting_claim_gets_what_is_postponed_while_it_waits) {
  auto waiting = waiting_claim();
  until_the_store_was_looked_at();
  fire("e1", 300ms);
  EXPECT_EQ(waiting.get()->execution_id, "e1");
}

TEST_F(long_polls, when_the_time_is_up_there_is_nothing) {
  const auto refused = waiting_claim(200ms).get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 409);
  EXPECT_EQ(refused.error().code, "claim_failed");
}

TEST_F(long_polls, who_came_first_is_served_first_and_nobody_gets_the_same) {
  auto first = waiting_claim(), second = waiting_claim();
  until_the_store_was_looked_at();
  fire("e1");
  EXPECT_EQ(first.get()->execution_id, "e1");
  fire("e2");
  EXPECT_EQ(second.get()->execution_id, "e2");
}

TEST_F(long_polls, many_who_wait_each_get_another_one) {
  std::vector<std::future<result<actors::claim_grant>>> waiting;
  for (int i = 0; i < 30; ++i)
    waiting.push_back(waiting_claim());
  until_the_store_was_looked_at();
  for (int i = 0; i < 30; ++i)
    fire("e" + std::to_string(i));
  std::set<std::string> given;
  for (auto& w : waiting)
    EXPECT_TRUE(given.insert(w.get()->execution_id).second);
}

TEST_F(long_polls, a_claim_that_loses_its_execution_goes_on_waiting) {
  memory_world::execution foreign; // announced, but another node has it by now
  foreign.id = "e1";
  foreign.user_id = "ann";
  foreign.status = "delivering";
  world.add(foreign);
  auto waiting = waiting_claim();
  engine().execution_created("ann", "e1", false, clock.now());
  until_the_store_was_looked_at();
  fire("e2");
  EXPECT_EQ(waiting.get()->execution_id, "e2");
}

TEST_F(long_polls, an_execution_is_not_given_to_a_client_that_has_hung_up) {
  auto gone = std::make_shared<std::atomic<bool>>(false);
  auto abandoned = waiting_claim(long_wait, gone);
  auto patient = waiting_claim();
  until_the_store_was_looked_at();
  *gone = true;
  fire("e1");
  EXPECT_EQ(patient.get()->execution_id, "e1");
  EXPECT_FALSE(abandoned.get());
}

TEST_F(long_polls, the_end_of_the_server_answers_who_waits_and_nobody_waits_after) {
  auto waiting = waiting_claim();
  auto news = news_after(news_after({}).get().value());
  until_the_store_was_looked_at();
  engine().answer_waiting();
  const auto refused = waiting.get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 503);
  EXPECT_TRUE(news.get());
  EXPECT_EQ(waiting_claim().get().error().code, "claim_failed");
}

TEST_F(long_polls, an_engine_that_is_drained_leaves_nobody_waiting) {
  auto waiting = waiting_claim();
  until_the_store_was_looked_at();
  EXPECT_TRUE(engine().drain(10s));
  EXPECT_EQ(waiting.get().error().status, 503);
}

TEST_F(long_polls, while_the_store_is_away_a_waiting_claim_is_told_so) {
  world.away("ready", true);
  EXPECT_EQ(waiting_claim().get().error().status, 503);
}

TEST_F(long_polls, news_come_when_something_is_fired) {
  const auto seen = news_after({}).get().value();
  auto news = news_after(seen);
  fire("e1");
  EXPECT_NE(news.get().value(), seen);
}

TEST_F(long_polls, news_come_of_what_others_wrote_and_of_what_comes_due) {
  const auto seen = news_after({}).get().value();
  auto news = news_after(seen);
  until_the_store_was_looked_at();
  add_ready("e1");
  const auto then = news.get().value();
  EXPECT_NE(then, seen);
  ASSERT_TRUE(claim("ann", "e1").get());
  auto later = news_after(then);
  fire("e2", 200ms);
  EXPECT_NE(later.get().value(), then);
}

TEST_F(long_polls, without_news_the_wait_ends_with_the_number_there_is) {
  const auto seen = news_after({}).get().value();
  EXPECT_EQ(news_after(seen, 100ms).get().value(), seen);
}

TEST(news_board, news_that_came_before_the_question_are_not_lost) {
  actors::news_board board{7};
  board.post();
  std::optional<std::uint64_t> told;
  const actors::news_board::clock::time_point now{1h};
  board.listen(7, now + 1s, actors::reply<std::uint64_t>{[&](result<std::uint64_t> n) { told = *n; }});
  board.tell(now);
  EXPECT_EQ(told, 8u);
  EXPECT_TRUE(board.empty());
}

TEST(news_board, a_stream_of_news_is_told_in_portions) {
  actors::news_board board{1};
  const actors::news_board::clock::time_point now{1h};
  int told = 0;
  const auto listen = [&](std::uint64_t seen) {
    board.listen(seen, now + 1h, actors::reply<std::uint64_t>{[&](const result<std::uint64_t>&) { ++told; }});
  };
  listen(1);
  EXPECT_EQ(board.due(), now + 1h);
  board.post();
  board.tell(now);
  EXPECT_EQ(told, 1);
  listen(2);
  board.post();
  board.tell(now + 1ms);
  EXPECT_EQ(told, 1) << "too soon";
  EXPECT_EQ(board.due(), now + actors::news_board::pause);
  board.tell(board.due());
  EXPECT_EQ(told, 2);
}

TEST(news_board, whose_time_is_up_is_answered_without_news) {
  actors::news_board board{1};
  const actors::news_board::clock::time_point now{1h};
  std::optional<std::uint64_t> told;
  board.listen(1, now + 1s, actors::reply<std::uint64_t>{[&](result<std::uint64_t> n) { told = *n; }});
  board.tell(now);
  EXPECT_FALSE(told);
  board.tell(now + 1s);
  EXPECT_EQ(told, 1u);
}

} // namespace
} // namespace cued::test
