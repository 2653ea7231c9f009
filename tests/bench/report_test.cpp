#include <gmock/gmock.h>

#include "bench/report/html.hpp"
#include "bench/report/json.hpp"
#include "bench/report/plots.hpp"
#include "bench/report/table.hpp"
#include "domain/json/value.hpp"

namespace cued::bench {
namespace {

using std::chrono::microseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

report sample() {
  report out;
  out.on.subject = "cued <under test>";
  measurement run;
  run.scenario = "claim_and_outcome_by_id";
  run.operations_per_second = 20'583.7;
  run.operations = 1000;
  run.per_tick = std::vector<std::uint64_t>(30, 2058);
  for (int i = 1; i <= 1000; ++i) {
    run.latency["claim"].record(microseconds{i});
    run.corrected_latency["claim"].record(microseconds{i});
    run.lateness["sent"].record(microseconds{i * 10});
  }
  run.cpu = {microseconds{33'000}, microseconds{41'000}, microseconds{9'000}};
  run.spent.commits = 80;
  run.spent.wal_bytes = 520'000;
  out.runs.push_back(std::move(run));
  contest_result contest{"who is faster", {}};
  contest.lines.push_back({"cued", {100, 110, 120}, 110, 1, 1, 1, ""});
  contest.lines.push_back({"another", {}, 0, 0, 0, 0, "npm is not installed"});
  out.contests.push_back(std::move(contest));
  out.curves.push_back({"growth", "cues", "operations/s", {{1000, 5}, {10'000, 4}}});
  out.bars.push_back({"8 GET of an execution", "20,000/s", ">= 15,000/s", true, ""});
  out.bars.push_back({"4 over River", "", ">= 1.5", false, "go is not installed"});
  return out;
}

TEST(report, as_json_can_be_read_back) {
  const auto read = json::parse(json_of(sample()));
  ASSERT_TRUE(read);
  const auto& run = read->find("runs")->items().at(0);
  EXPECT_EQ(run.find("scenario")->as_string(), "claim_and_outcome_by_id");
  EXPECT_EQ(run.find("latency")->find("claim")->find("count")->number_text(), "1000");
  EXPECT_EQ(read->find("contests")->items().at(0).find("lines")->items().at(1).find("unavailable")->as_string(),
            "npm is not installed");
}

TEST(report, as_table_says_what_matters) {
  const auto all = sample();
  EXPECT_THAT(text_of(all.runs[0]), AllOf(HasSubstr("20,584 operations/s"), HasSubstr("520 B of WAL"),
                                          HasSubstr("33.0 µs server"), HasSubstr("history: sound")));
  EXPECT_THAT(text_of(all.contests[0]), HasSubstr("another did not take part: npm is not installed"));
  EXPECT_THAT(text_of(all.bars), AllOf(HasSubstr("met"), HasSubstr("NOT MEASURED")));
}

TEST(report, as_table_cannot_hide_a_fault) {
  auto run = sample().runs[0];
  run.history_faults.push_back("execution 7: claimed twice");
  run.failures = 3;
  EXPECT_THAT(text_of(run), AllOf(HasSubstr("history: FAULTY"), HasSubstr("claimed twice"), HasSubstr("3 FAILURES"),
                                  Not(HasSubstr("sound"))));
}

TEST(report, as_page_draws_what_was_measured_and_loads_nothing) {
  const auto page = html_of(sample());
  EXPECT_THAT(page, AllOf(HasSubstr("<polyline"), HasSubstr("late sent"), HasSubstr("processor time per operation"),
                          HasSubstr("who is faster"), HasSubstr("cued &lt;under test&gt;"), HasSubstr("not measured")));
  EXPECT_THAT(page, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("src=")), Not(HasSubstr("href="))));
}

TEST(plots, leave_out_what_a_logarithmic_axis_cannot_show) {
  EXPECT_THAT(svg_of({"t", "x", "y", scale::logarithmic, scale::linear, {{"", {{0, 1}, {-3, 2}}}}}), IsEmpty());
  const auto drawn = svg_of({"t", "x", "y", scale::logarithmic, scale::linear, {{"", {{0, 1}, {10, 2}, {100, 3}}}}});
  EXPECT_THAT(drawn, AllOf(HasSubstr("<polyline"), Not(HasSubstr("nan")), Not(HasSubstr("inf"))));
}

TEST(plots, of_nothing_are_nothing) {
  EXPECT_THAT(svg_of({"t", "x", "y", scale::linear, scale::linear, {}}), IsEmpty());
  EXPECT_THAT(svg_of_bars("t", "s", {}), IsEmpty());
  EXPECT_THAT(svg_of_bars("t", "s", {{"zero", {0}}}), AllOf(Not(HasSubstr("nan")), Not(HasSubstr("inf"))));
}

} // namespace
} // namespace cued::bench
