#include <gmock/gmock.h>

#include <map>

#include "bench/scenarios/bystander.hpp"
#include "bench/scenarios/noisy_crowd.hpp"
#include "bench/scenarios/office.hpp"
#include "bench/scenarios/polling_workers.hpp"
#include "domain/json/value.hpp"

/// What the scenarios of fires say, without a server: each answer is made up.
namespace cued::bench {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const tenant ann{"11111111-1111-4111-8111-111111111111", "cue_sk_ann"};
const tenant bob{"22222222-2222-4222-8222-222222222222", "cue_sk_bob"};
const std::string first = "3f2504e0-4f89-41d3-9a0c-0305e82c3301", second = "3f2504e0-4f89-41d3-9a0c-0305e82c3302";

TEST(bystander, claims_reports_and_looks_at_one_execution_after_the_other) {
  bystander one{ann, {first, second}, 1, {"before", "during"}};
  std::vector<std::string> said;
  for (int i = 0; i < 4; ++i) {
    const auto request = one.next(0);
    ASSERT_TRUE(request);
    said.push_back(request->text.substr(0, request->text.find(" HTTP")));
    EXPECT_TRUE(one.answered(0, {request->kind, 200, "{}"}));
  }
  EXPECT_THAT(said, testing::ElementsAre("POST /v1/executions/" + first + "/claim",
                                         "POST /v1/executions/" + first + "/outcome", "GET /v1/executions/" + first,
                                         "POST /v1/executions/" + second + "/claim"));
}

TEST(bystander, takes_the_next_execution_when_something_fails) {
  bystander one{ann, {first, second}, 1, {"before"}};
  const auto claim = one.next(0);
  EXPECT_FALSE(one.answered(0, {claim->kind, 503, ""}));
  EXPECT_THAT(one.next(0)->text, StartsWith("POST /v1/executions/" + second + "/claim"));
}

TEST(bystander, has_kinds_of_its_own_for_each_stretch) {
  bystander one{ann, {first, second}, 2, {"before", "during"}};
  EXPECT_THAT(one.kinds(), testing::ElementsAre("claim before", "report before", "look before", "claim during",
                                                "report during", "look during"));
  EXPECT_EQ(one.next(0)->kind, 0U);
  one.enter(1);
  EXPECT_EQ(one.next(1)->kind, bystander::operations);
}

TEST(bystander, says_nothing_once_it_is_stopped_or_has_run_out) {
  bystander out_of_work{ann, {}, 1, {"before"}};
  EXPECT_FALSE(out_of_work.ran_out());
  EXPECT_FALSE(out_of_work.next(0));
  EXPECT_TRUE(out_of_work.ran_out());
  bystander stopped{ann, {first}, 1, {"before"}};
  stopped.stop();
  EXPECT_FALSE(stopped.next(0));
  EXPECT_FALSE(stopped.ran_out());
}

TEST(bystander, has_its_latencies_merged_by_stretch) {
  load_result load;
  load.kinds.resize(2 * bystander::operations);
  load.kinds[0].latency.record(std::chrono::milliseconds{1});
  load.kinds[5].latency.record(std::chrono::milliseconds{9});
  EXPECT_EQ(latency_in_stretch(load, 0).max(), std::chrono::milliseconds{1});
  EXPECT_EQ(latency_in_stretch(load, 1).max(), std::chrono::milliseconds{9});
  EXPECT_EQ(latency_in_stretch(load, 1).count(), 1U);
}

TEST(polling_workers, report_what_they_are_handed_and_wait_again) {
  polling_workers crew{{ann, bob}, 2, 10};
  const auto wait = crew.next(1);
  ASSERT_TRUE(wait);
  EXPECT_THAT(wait->text, HasSubstr("Bearer cue_sk_bob"));
  EXPECT_THAT(wait->text, HasSubstr("\"wait\":"));
  EXPECT_TRUE(crew.answered(1, {wait->kind, 200, R"({"claimed":true,"execution_id":")" + first + "\"}"}));
  const auto report = crew.next(1);
  EXPECT_EQ(report->kind, polling_workers::report);
  EXPECT_THAT(report->text, StartsWith("POST /v1/executions/" + first + "/outcome"));
  EXPECT_THAT(report->text, HasSubstr("Bearer cue_sk_bob"));
  EXPECT_TRUE(crew.answered(1, {report->kind, 200, "{}"}));
  EXPECT_EQ(crew.next(1)->kind, polling_workers::waiting_claim);
  ASSERT_EQ(crew.handed_out().size(), 1U);
  EXPECT_EQ(text_of(crew.handed_out()[0].execution), first);
}

TEST(polling_workers, take_it_for_no_failure_that_nothing_came) {
  polling_workers crew{{ann}, 1, 1};
  const auto wait = crew.next(0);
  EXPECT_TRUE(crew.answered(0, {wait->kind, 409, "{}"}));
  EXPECT_EQ(crew.next(0)->kind, polling_workers::waiting_claim);
  EXPECT_FALSE(crew.answered(0, {wait->kind, 503, "{}"}));
  EXPECT_FALSE(crew.answered(0, {wait->kind, 200, "{}"})) << "claimed, but what?";
}

TEST(polling_workers, report_what_they_have_before_they_stop) {
  polling_workers crew{{ann}, 1, 1};
  const auto wait = crew.next(0);
  ASSERT_TRUE(crew.answered(0, {wait->kind, 200, R"({"execution_id":")" + first + "\"}"}));
  crew.stop();
  const auto report = crew.next(0);
  ASSERT_TRUE(report);
  EXPECT_TRUE(crew.answered(0, {report->kind, 200, "{}"}));
  EXPECT_FALSE(crew.next(0));
}

TEST(noisy_crowd, finds_the_id_of_the_cue_that_it_made) {
  EXPECT_EQ(cue_id_in(R"({"id":"cue_abc123def456","name":"x"})"), "cue_abc123def456");
  EXPECT_EQ(cue_id_in(R"({"error":{}})"), "");
  EXPECT_TRUE(json::parse(distant_cue("office-1")));
}

TEST(noisy_crowd, makes_fires_claims_and_reports) {
  noisy_crowd crowd{ann, 1};
  std::map<std::size_t, int> asked;
  for (int i = 0; i < 40; ++i) {
    const auto request = crowd.next(0);
    ASSERT_TRUE(request);
    ++asked[request->kind];
    const auto created = request->text.starts_with("POST /v1/cues ");
    EXPECT_TRUE(crowd.answered(0, {request->kind, created ? 201 : 200,
                                   created ? R"({"id":"cue_abc123def456"})" : R"({"execution_id":")" + first + "\"}"}));
  }
  EXPECT_EQ(asked[0], 4);
  EXPECT_EQ(asked[1], 12);
  EXPECT_EQ(asked[2], 12);
  EXPECT_EQ(asked[3], 12);
}

TEST(noisy_crowd, claims_again_when_another_was_first) {
  noisy_crowd crowd{ann, 1};
  const auto create = crowd.next(0);
  ASSERT_TRUE(crowd.answered(0, {create->kind, 201, R"({"id":"cue_abc123def456"})"}));
  const auto fire = crowd.next(0);
  ASSERT_TRUE(crowd.answered(0, {fire->kind, 200, "{}"}));
  const auto claim = crowd.next(0);
  EXPECT_TRUE(crowd.answered(0, {claim->kind, 409, "{}"}));
  EXPECT_THAT(crowd.next(0)->text, StartsWith("POST /v1/executions/claim "));
}

TEST(office, asks_for_each_kind_in_its_share) {
  office people{{ann, bob}, {{first}, {second}}, 1};
  std::map<std::string, int> asked;
  for (int i = 0; i < 2000; ++i) {
    const auto request = people.next(0);
    ASSERT_TRUE(request);
    ++asked[office::kinds()[request->kind]];
    const bool created = request->kind == 4;
    EXPECT_TRUE(people.answered(0, {request->kind, created ? 201 : 200, R"({"id":"cue_abc123def456"})"}));
  }
  EXPECT_EQ(asked["look at execution"], 900);
  EXPECT_EQ(asked["list executions"], 400);
  EXPECT_EQ(asked["list cues"], 300);
  EXPECT_NEAR(asked["look at cue"], 200, 2);
  EXPECT_NEAR(asked["change cue"], 100, 2);
  EXPECT_NEAR(asked["create cue"], 100, 4) << "a few more: who has none to look at makes one";
}

TEST(office, changes_only_cues_of_the_one_who_asks) {
  office people{{ann, bob}, {{first}, {second}}, 1};
  std::map<std::string, std::string> key_of;
  int cues = 0;
  for (int i = 0; i < 400; ++i) {
    const auto request = people.next(0);
    const auto& text = request->text;
    const auto key = text.substr(text.find("Bearer "), 17);
    if (text.starts_with("POST")) {
      const auto id = "cue_" + std::string(8, 'x') + std::to_string(1000 + ++cues);
      key_of[id] = key;
      people.answered(0, {request->kind, 201, R"({"id":")" + id + "\"}"});
      continue;
    }
    if (text.starts_with("PATCH")) {
      EXPECT_EQ(key_of.at(text.substr(std::string{"PATCH /v1/cues/"}.size(), 16)), key);
    }
    people.answered(0, {request->kind, 200, ""});
  }
  EXPECT_GT(cues, 0);
}

} // namespace
} // namespace cued::bench
