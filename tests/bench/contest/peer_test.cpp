#include "bench/contest/peer.hpp"

#include <gtest/gtest.h>

namespace cued::bench {
namespace {

TEST(peer_report, is_the_last_line_whatever_was_printed_before) {
  const auto report = read_peer_report(
      "a warning\n{\"per_second\":1234.5,\"ran_dry\":false,\"fsync\":\"on\",\"synchronous_commit\":\"on\"}\n");
  ASSERT_TRUE(report);
  EXPECT_DOUBLE_EQ(report->per_second, 1234.5);
  EXPECT_FALSE(report->ran_dry);
}

TEST(peer_report, of_a_session_that_does_not_wait_for_the_disk_does_not_count) {
  const auto report =
      read_peer_report(R"({"per_second":99999,"ran_dry":false,"fsync":"on","synchronous_commit":"off"})");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, "not_durable");
}

TEST(peer_report, without_durability_in_it_does_not_count) {
  EXPECT_FALSE(read_peer_report(R"({"per_second":99999,"ran_dry":false})"));
}

TEST(peer_report, that_is_no_report_is_quoted_in_the_error) {
  const auto report = read_peer_report("Error: no such table\n");
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message.find("no such table"), std::string::npos);
}

TEST(peer_report, says_when_the_queue_ran_dry) {
  const auto report = read_peer_report(R"({"per_second":5,"ran_dry":true,"fsync":"on","synchronous_commit":"on"})");
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->ran_dry);
}

} // namespace
} // namespace cued::bench
