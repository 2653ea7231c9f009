#include "http/server/message_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <gtest/gtest.h>

namespace cued::http {
namespace {

constexpr std::size_t fields_max = 100;
constexpr std::string_view head = "POST /v1/cues HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

struct reading {
  request got;
  bool done = false;
};

/// As a connection does it: what the parser leaves is offered again together with what comes next.
reading read(const std::vector<std::string_view>& pieces) {
  reading out;
  message_parser parser{out.got, fields_max};
  parser.eager(true);
  std::string waiting;
  for (const auto piece : pieces) {
    if (parser.is_done())
      break;
    waiting += piece;
    boost::beast::error_code ec;
    waiting.erase(0, parser.put(boost::asio::buffer(waiting), ec));
    EXPECT_TRUE(!ec || ec == boost::beast::http::error::need_more) << ec.message();
  }
  out.done = parser.is_done();
  return out;
}

} // namespace

TEST(message_parser, a_chunked_body_may_come_in_any_pieces) {
  for (const std::string_view body : {"0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n", "0;a=b\r\nTrailer: x\r\n\r\n"}) {
    const std::string_view wanted = body.starts_with('3') ? "abc" : "";
    for (std::size_t first = 0; first <= body.size(); ++first)
      for (std::size_t second = first; second <= body.size(); ++second) {
        const auto whole = read({head, body.substr(0, first), body.substr(first, second - first), body.substr(second)});
        EXPECT_TRUE(whole.done) << first << " " << second;
        EXPECT_EQ(whole.got.body, wanted);
      }
  }
}

TEST(message_parser, a_chunked_body_may_come_byte_by_byte) {
  const std::string message = std::string{head} + "5\r\nhello\r\n0\r\n\r\n";
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < message.size(); ++i)
    bytes.push_back(std::string_view{message}.substr(i, 1));
  const auto whole = read(bytes);
  EXPECT_TRUE(whole.done);
  EXPECT_EQ(whole.got.body, "hello");
}

} // namespace cued::http
