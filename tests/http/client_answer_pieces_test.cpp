#include <boost/asio/buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <gtest/gtest.h>

// What a receiver answers is read by Beast alone; a receiver must not be able to end the process with it.
namespace cued::http::client {

TEST(webhook_answer, an_empty_chunked_body_may_come_in_any_pieces) {
  const std::string_view head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", body = "0\r\n\r\n";
  for (std::size_t first = 0; first <= body.size(); ++first)
    for (std::size_t second = first; second <= body.size(); ++second) {
      boost::beast::http::response_parser<boost::beast::http::buffer_body> parser;
      parser.eager(true);
      std::string waiting;
      for (const auto piece : {head, body.substr(0, first), body.substr(first, second - first), body.substr(second)}) {
        if (parser.is_done())
          break;
        waiting += piece;
        boost::beast::error_code ec;
        waiting.erase(0, parser.put(boost::asio::buffer(waiting), ec));
        EXPECT_TRUE(!ec || ec == boost::beast::http::error::need_more) << ec.message();
      }
      EXPECT_TRUE(parser.is_done()) << first << " " << second;
    }
}

} // namespace cued::http::client
