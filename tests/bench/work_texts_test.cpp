#include "bench/scenarios/work_texts.hpp"

#include <gmock/gmock.h>

#include "domain/json/value.hpp"

namespace cued::bench {
namespace {

constexpr std::string_view some_id = "0123abcd-4567-89ef-0123-456789abcdef";

TEST(execution_keys, are_read_and_written_back) {
  const auto key = read_execution_key(some_id);
  ASSERT_TRUE(key);
  EXPECT_EQ(text_of(*key), some_id);
}

TEST(execution_keys, are_ordered_like_their_texts) {
  EXPECT_LT(*read_execution_key("00000000-0000-0000-0000-00000000000f"),
            *read_execution_key("00000000-0000-0000-0000-0000000000a0"));
}

TEST(execution_keys, are_not_read_from_anything_else) {
  EXPECT_FALSE(read_execution_key(""));
  EXPECT_FALSE(read_execution_key("0123abcd-4567-89ef-0123-456789abcdeg"));
  EXPECT_FALSE(read_execution_key("0123abcd-4567-89ef-0123_456789abcdef"));
  EXPECT_FALSE(read_execution_key("0123abcd4567-89ef--0123-456789abcdef"));
  EXPECT_FALSE(read_execution_key("0123ABCD-4567-89ef-0123-456789abcdef"));
}

TEST(cue_keys, are_read_and_written_back) {
  for (const auto* id : {"cue_000000000000", "cue_zzzzzzzzzzzz", "cue_a1b2c3d4e5f6"}) {
    EXPECT_NE(read_cue_key(id), 0U);
    EXPECT_EQ(text_of_cue(read_cue_key(id)), id);
  }
  EXPECT_EQ(read_cue_key("cue_a1b2c3d4e5f"), 0U);
  EXPECT_EQ(read_cue_key("cue_a1b2c3d4e5f_"), 0U);
  EXPECT_EQ(read_cue_key("que_a1b2c3d4e5f6"), 0U);
}

TEST(numbers, are_found_behind_their_name_only) {
  EXPECT_EQ(read_number(worker_name, "worker-0000000042"), 42U);
  EXPECT_EQ(read_number(worker_name, "worker-0000000000"), somebody_else);
  EXPECT_EQ(read_number(worker_name, "worker-42"), somebody_else);
  EXPECT_EQ(read_number(worker_name, "walker-0000000042"), somebody_else);
  EXPECT_EQ(read_number(worker_name, "worker-00000000x2"), somebody_else);
  EXPECT_EQ(read_number(worker_name, "worker-9999999999"), somebody_else);
}

TEST(patterns, have_each_of_their_holes_filled) {
  const pattern text{std::string{id_hole} + " " + std::string{number_hole} + " " + std::string{number_hole}};
  EXPECT_EQ(text.with(*read_execution_key(some_id), 7), std::string{some_id} + " 0000000007 0000000007");
}

TEST(patterns, of_requests_keep_their_length) {
  const work_requests requests{"cue_sk_test"};
  const auto text = requests.outcome_by_id.with(*read_execution_key(some_id), 12);
  const auto end_of_head = text.find("\r\n\r\n");
  ASSERT_NE(end_of_head, std::string::npos);
  EXPECT_NE(text.find("/v1/executions/" + std::string{some_id} + "/outcome"), std::string::npos);
  EXPECT_NE(text.find("Content-Length: " + std::to_string(text.size() - end_of_head - 4) + "\r\n"), std::string::npos);
  EXPECT_NE(text.find(R"("result":"report 0000000012")"), std::string::npos);
}

TEST(items_of_batches, are_json) {
  const auto item = batch_outcome_item().with(*read_execution_key(some_id), 12);
  const auto read = json::parse(item);
  ASSERT_TRUE(read) << item;
  EXPECT_EQ(read->find("execution_id")->as_string(), some_id);
  EXPECT_EQ(read->find("metadata")->find("report")->as_string(), "0000000012");
}

TEST(ids_in_answers, are_found_one_after_the_other) {
  const std::string body = R"({"claimed":2,"executions":[{"execution_id":"0123abcd-4567-89ef-0123-456789abcdef"},)"
                           R"({"execution_id" : "1123abcd-4567-89ef-0123-456789abcdef"}]})";
  std::size_t at = 0;
  EXPECT_EQ(next_execution_id(body, at), some_id);
  EXPECT_EQ(next_execution_id(body, at), "1123abcd-4567-89ef-0123-456789abcdef");
  EXPECT_EQ(next_execution_id(body, at), "");
}

TEST(ids_in_answers, are_not_read_beyond_the_end) {
  std::size_t at = 0;
  EXPECT_EQ(next_execution_id(R"({"execution_id":"0123)", at), "");
  at = 0;
  EXPECT_EQ(next_execution_id(R"({"execution_id")", at), "");
  at = 0;
  EXPECT_EQ(next_execution_id("", at), "");
}

} // namespace
} // namespace cued::bench
