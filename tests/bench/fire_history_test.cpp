#include "bench/scenarios/fire_history.hpp"

#include <gmock/gmock.h>

namespace cued::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr instant noon{std::chrono::hours{12}};
constexpr std::uint64_t first_cue = 1, second_cue = 2, cue_of_others = 3;

execution_key key(std::uint8_t n) {
  execution_key k;
  k.bytes.back() = n;
  return k;
}

stored_execution delivered(std::uint8_t n, std::uint64_t cue, instant at) {
  stored_execution e;
  e.id = key(n);
  e.cue = cue;
  e.scheduled_for = at;
  e.status = execution_status::success;
  return e;
}

/// Two cues, one of them due twice, everything fired and delivered.
class fires : public testing::Test {
protected:
  std::vector<std::string> judge(const fire_history::rules& by = {}) {
    fire_history history;
    history.expect(second_cue, noon);
    history.expect(first_cue, noon + std::chrono::hours{1});
    history.expect(first_cue, noon);
    for (const auto& row : rows_)
      history.holds(row);
    for (const auto& one : heard_)
      history.heard(one);
    return history.judge(by).texts();
  }

  std::vector<stored_execution> rows_{delivered(9, first_cue, noon),
                                      delivered(1, first_cue, noon + std::chrono::hours{1}),
                                      delivered(5, second_cue, noon)};
  std::vector<execution_key> heard_{key(5), key(9), key(1)};
};

TEST_F(fires, that_are_complete_have_no_faults) { EXPECT_THAT(judge(), IsEmpty()); }

TEST_F(fires, that_did_not_happen_are_found) {
  rows_.pop_back();
  heard_.erase(heard_.begin());
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("never fired")));
}

TEST_F(fires, that_happened_twice_for_an_instant_are_found) {
  rows_.push_back(delivered(6, second_cue, noon));
  heard_.push_back(key(6));
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("fired more than once for one instant")));
}

TEST_F(fires, at_another_instant_than_the_due_one_are_found) {
  rows_.push_back(delivered(6, second_cue, noon + std::chrono::microseconds{1}));
  heard_.push_back(key(6));
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("at which it was not due")));
}

TEST_F(fires, that_nobody_heard_of_but_are_written_down_as_delivered_are_found) {
  heard_.pop_back();
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("no receiver heard of it")));
}

TEST_F(fires, that_were_not_delivered_are_found) {
  heard_.pop_back();
  rows_[1].status = execution_status::pending;
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("never delivered")));
  EXPECT_THAT(judge({.all_delivered = false}), IsEmpty());
}

TEST_F(fires, that_were_delivered_twice_are_found_unless_faults_were_injected) {
  heard_.push_back(key(5));
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("delivered more than once")));
  EXPECT_THAT(judge({.exactly_once = false}), IsEmpty());
}

TEST_F(fires, that_were_delivered_but_not_written_down_are_found) {
  rows_[0].status = execution_status::retrying;
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("delivered, but not written down")));
  EXPECT_THAT(judge({.all_answered_2xx = false}), IsEmpty());
}

TEST_F(fires, that_are_heard_of_but_not_in_the_database_are_found) {
  heard_.push_back(key(0));
  heard_.push_back(key(200));
  EXPECT_THAT(judge(), ElementsAre(HasSubstr("2 times: heard of by a receiver, but not there")));
}

TEST_F(fires, of_cues_that_are_not_watched_are_not_judged) {
  rows_.push_back(delivered(7, cue_of_others, noon));
  rows_.back().status = execution_status::pending;
  EXPECT_THAT(judge(), IsEmpty());
}

} // namespace
} // namespace cued::bench
