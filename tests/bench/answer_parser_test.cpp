#include "bench/load/answer_parser.hpp"

#include <gmock/gmock.h>

namespace cued::bench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using progress = answer_parser::progress;

const std::string whole = "HTTP/1.1 201 Created\r\nServer: x\r\ncontent-LENGTH: 5\r\n\r\nhello";

TEST(answer_parser, reads_an_answer_that_comes_in_one_piece) {
  answer_parser parser;
  ASSERT_EQ(parser.feed(whole), progress::complete);
  EXPECT_EQ(parser.status(), 201);
  EXPECT_EQ(parser.body(), "hello");
  EXPECT_FALSE(parser.closes());
}

TEST(answer_parser, reads_the_same_wherever_it_is_cut) {
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    answer_parser parser;
    EXPECT_EQ(parser.feed(whole.substr(0, cut)), progress::needs_more) << cut;
    ASSERT_EQ(parser.feed(whole.substr(cut)), progress::complete) << cut;
    EXPECT_EQ(parser.status(), 201) << cut;
    EXPECT_EQ(parser.body(), "hello") << cut;
  }
}

TEST(answer_parser, begins_anew_after_an_answer) {
  answer_parser parser;
  ASSERT_EQ(parser.feed(whole), progress::complete);
  ASSERT_EQ(parser.feed("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), progress::complete);
  EXPECT_EQ(parser.status(), 404);
  EXPECT_EQ(parser.body(), "");
}

TEST(answer_parser, hears_that_the_server_will_close) {
  answer_parser parser;
  ASSERT_EQ(parser.feed("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), progress::complete);
  EXPECT_TRUE(parser.closes());
}

TEST(answer_parser, refuses_what_it_cannot_delimit_instead_of_guessing) {
  for (const std::string bad :
       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nuntil the end",
        "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\ntoo much"}) {
    answer_parser parser;
    EXPECT_EQ(parser.feed(bad), progress::broken) << bad;
    EXPECT_THAT(parser.why(), Not(testing::IsEmpty())) << bad;
  }
}

} // namespace
} // namespace cued::bench
