#include "bench/subject/webhook_reader.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cued::bench {
namespace {

using progress = webhook_reader::progress;

const std::string execution = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";

std::string webhook(const std::string& body, const std::string& more = "") {
  return "POST /hook HTTP/1.1\r\nHost: 127.0.0.1:1\r\nX-CueAPI-Execution-Id: " + execution +
         "\r\nX-CueAPI-Attempt: 2\r\nx-cueapi-cue-id: \t cue_abc123def456 \r\nX-CueAPI-Timestamp: 1700000000\r\n"
         "X-CueAPI-Signature: v1=00ff\r\n" +
         more + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST(webhook_reader, takes_out_what_is_recorded) {
  webhook_reader reader;
  reader.feed(webhook("{}"));
  webhook_reader::request one;
  ASSERT_EQ(reader.next(one), progress::complete);
  EXPECT_EQ(one.execution_id, execution);
  EXPECT_EQ(one.attempt, "2");
  EXPECT_EQ(one.cue_id, "cue_abc123def456");
  EXPECT_EQ(one.timestamp, "1700000000");
  EXPECT_EQ(one.signature, "v1=00ff");
  EXPECT_EQ(one.body, "{}");
  EXPECT_FALSE(one.closes);
  EXPECT_EQ(reader.next(one), progress::needs_more);
  EXPECT_TRUE(reader.idle());
}

TEST(webhook_reader, reads_a_request_that_is_cut_anywhere) {
  const auto text = webhook("{\"payload\": 1}");
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    webhook_reader reader;
    webhook_reader::request one;
    reader.feed(text.substr(0, cut));
    ASSERT_EQ(reader.next(one), progress::needs_more) << cut;
    ASSERT_FALSE(reader.idle()) << cut;
    reader.feed(text.substr(cut));
    ASSERT_EQ(reader.next(one), progress::complete) << cut;
    ASSERT_EQ(one.body, "{\"payload\": 1}") << cut;
    ASSERT_EQ(one.execution_id, execution) << cut;
  }
}

TEST(webhook_reader, reads_byte_by_byte) {
  webhook_reader reader;
  webhook_reader::request one;
  const auto text = webhook("body");
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    reader.feed(text.substr(i, 1));
    ASSERT_EQ(reader.next(one), progress::needs_more) << i;
  }
  reader.feed(text.substr(text.size() - 1));
  ASSERT_EQ(reader.next(one), progress::complete);
  EXPECT_EQ(one.body, "body");
}

TEST(webhook_reader, reads_requests_that_follow_each_other_in_one_piece) {
  webhook_reader reader;
  webhook_reader::request one;
  const auto third = webhook("third");
  reader.feed(webhook("first") + webhook("second") + third.substr(0, 30));
  ASSERT_EQ(reader.next(one), progress::complete);
  EXPECT_EQ(one.body, "first");
  ASSERT_EQ(reader.next(one), progress::complete);
  EXPECT_EQ(one.body, "second");
  ASSERT_EQ(reader.next(one), progress::needs_more);
  EXPECT_FALSE(reader.idle());
  reader.feed(third.substr(30));
  ASSERT_EQ(reader.next(one), progress::complete);
  EXPECT_EQ(one.body, "third");
}

TEST(webhook_reader, hears_that_the_sender_will_hang_up) {
  webhook_reader reader;
  webhook_reader::request one;
  reader.feed(webhook("", "Connection: Close\r\n"));
  ASSERT_EQ(reader.next(one), progress::complete);
  EXPECT_TRUE(one.closes);
  EXPECT_EQ(one.body, "");
}

TEST(webhook_reader, takes_a_get_without_a_length_for_one_without_a_body) {
  webhook_reader reader;
  webhook_reader::request one;
  reader.feed("GET /hook HTTP/1.1\r\nX-CueAPI-Execution-Id: " + execution + "\r\n\r\n");
  ASSERT_EQ(reader.next(one), progress::complete);
  EXPECT_EQ(one.body, "");
}

TEST(webhook_reader, gives_up_what_it_cannot_delimit) {
  const std::string cases[] = {
      "POST /hook HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST /hook HTTP/1.1\r\nContent-Length: many\r\n\r\n",
      "POST /hook HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "POST /hook HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST /hook HTTP/1.1\r\nno name\r\n\r\n",
      "POST /hook HTTP/1.0\r\nContent-Length: 0\r\n\r\n",
      std::string(webhook_reader::head_limit_bytes + 1, 'x'),
  };
  for (const auto& text : cases) {
    webhook_reader reader;
    webhook_reader::request one;
    reader.feed(text);
    EXPECT_EQ(reader.next(one), progress::broken) << text.substr(0, 80);
    EXPECT_NE(reader.why(), "") << text.substr(0, 80);
    EXPECT_EQ(reader.next(one), progress::broken) << "and it stays so";
  }
}

} // namespace
} // namespace cued::bench
