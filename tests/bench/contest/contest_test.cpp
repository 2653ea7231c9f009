#include "bench/contest/contest.hpp"

#include <gmock/gmock.h>

namespace cued::bench {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Says the speeds it was given, one each round, and writes its name into a list.
class fake final : public contestant {
public:
  fake(std::string name, std::vector<double> speeds, std::vector<std::string>& order)
      : name_{std::move(name)}, speeds_{std::move(speeds)}, order_{order} {}

  std::string_view name() const override { return name_; }
  result<void> prepare() override {
    if (speeds_.empty())
      return fail(500, "absent", "its toolchain is missing");
    return {};
  }
  result<double> round(std::chrono::seconds) override {
    order_.push_back(name_);
    if (next_ == speeds_.size())
      return fail(500, "broken", "it fell over");
    return speeds_[next_++];
  }

private:
  std::string name_;
  std::vector<double> speeds_;
  std::vector<std::string>& order_;
  std::size_t next_ = 0;
};

struct contest : testing::Test {
  void enter(std::string name, std::vector<double> speeds) {
    field.push_back(std::make_unique<fake>(std::move(name), std::move(speeds), order));
  }
  contest_result hold(std::size_t rounds) { return hold_contest("speed", field, rounds, std::chrono::seconds{1}); }

  std::vector<std::unique_ptr<contestant>> field;
  std::vector<std::string> order;
};

TEST_F(contest, each_round_runs_everybody_once_and_begins_with_the_next_one) {
  enter("a", {1, 1, 1});
  enter("b", {1, 1, 1});
  enter("c", {1, 1, 1});
  (void)hold(3);
  EXPECT_THAT(order, ElementsAre("a", "b", "c", "b", "c", "a", "c", "a", "b"));
}

TEST_F(contest, the_result_lists_the_contestants_as_they_entered) {
  enter("a", {1, 3, 2});
  enter("b", {10, 30, 20});
  const auto result = hold(3);
  EXPECT_EQ(result.title, "speed");
  ASSERT_EQ(result.lines.size(), 2U);
  EXPECT_EQ(result.lines[0].name, "a");
  EXPECT_THAT(result.lines[0].per_second, ElementsAre(1, 3, 2));
  EXPECT_EQ(result.lines[1].name, "b");
  EXPECT_THAT(result.lines[1].per_second, ElementsAre(10, 30, 20));
}

TEST_F(contest, the_median_of_an_even_number_of_rounds_is_the_mean_of_the_two_in_the_middle) {
  enter("a", {1, 100, 3, 2});
  EXPECT_THAT(hold(4).lines[0].median, DoubleEq(2.5));
}

TEST_F(contest, ratios_are_taken_round_by_round_so_that_a_slow_machine_slows_both) {
  enter("first", {100, 50, 200});
  enter("other", {50, 25, 200}); // half as fast, half as fast, as fast
  const auto result = hold(3);
  EXPECT_THAT(result.lines[1].ratio_median, DoubleEq(2));
  EXPECT_THAT(result.lines[1].ratio_low, DoubleEq(1));
  EXPECT_THAT(result.lines[1].ratio_high, DoubleEq(2));
  EXPECT_THAT(result.lines[0].ratio_median, DoubleEq(1));
}

TEST_F(contest, one_that_cannot_take_part_is_listed_with_its_reason_and_never_run) {
  enter("a", {1, 1});
  enter("absent", {});
  const auto result = hold(2);
  EXPECT_EQ(result.lines[1].unavailable, "its toolchain is missing");
  EXPECT_THAT(result.lines[1].per_second, IsEmpty());
  EXPECT_THAT(order, ElementsAre("a", "a"));
}

TEST_F(contest, one_that_fails_half_way_keeps_its_rounds_says_when_it_fell_and_is_run_no_more) {
  enter("a", {2, 2, 2});
  enter("falls", {1});
  const auto result = hold(3);
  EXPECT_THAT(result.lines[1].per_second, ElementsAre(1));
  EXPECT_THAT(result.lines[1].unavailable, HasSubstr("round 2: it fell over"));
  EXPECT_THAT(result.lines[1].ratio_median, DoubleEq(2));
  EXPECT_EQ(std::count(order.begin(), order.end(), "falls"), 2);
}

TEST_F(contest, without_a_first_contestant_there_are_no_ratios) {
  enter("absent", {});
  enter("b", {5, 7});
  const auto result = hold(2);
  EXPECT_THAT(result.lines[1].ratio_median, DoubleEq(0));
  EXPECT_THAT(result.lines[1].median, DoubleEq(6));
}

TEST_F(contest, a_round_in_which_nothing_was_done_gives_no_ratio) {
  enter("a", {4, 4});
  enter("b", {0, 2});
  EXPECT_THAT(hold(2).lines[1].ratio_median, DoubleEq(2));
}

} // namespace
} // namespace cued::bench
