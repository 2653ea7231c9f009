#include "http/client/request_head.hpp"

#include <gtest/gtest.h>

namespace cued::http::client {

namespace {

actors::webhook_request post(std::vector<std::pair<std::string, std::string>> headers, std::string body = "{}") {
  return {"POST", "https://example.com/", std::move(headers), std::move(body)};
}

} // namespace

TEST(request_head, headers_keep_their_order_and_spelling) {
  const auto head = request_head(post({{"Content-Type", "application/json"}, {"x-B", "2"}, {"X-a", "1"}, {"x-B", "3"}}),
                                 "example.com:8443", "/hook?a=b");
  EXPECT_EQ(head.value(), "POST /hook?a=b HTTP/1.1\r\n"
                          "Host: example.com:8443\r\n"
                          "Accept: */*\r\n"
                          "Accept-Encoding: gzip, deflate\r\n"
                          "Connection: keep-alive\r\n"
                          "Content-Type: application/json\r\n"
                          "x-B: 2\r\n"
                          "X-a: 1\r\n"
                          "x-B: 3\r\n"
                          "Content-Length: 2\r\n"
                          "\r\n");
}

TEST(request_head, a_get_has_neither_body_nor_length) {
  auto request = post({});
  request.method = "GET";
  EXPECT_FALSE(sends_body(request));
  EXPECT_EQ(request_head(request, "h", "/").value().find("Content-Length"), std::string::npos);
}

TEST(request_head, the_message_is_framed_by_us_alone) {
  const auto head = request_head(post({{"HOST", "evil.example"},
                                       {"content-length", "5"},
                                       {"Transfer-Encoding", "chunked"},
                                       {"Connection", "close"},
                                       {"X-Kept", "yes"}}),
                                 "good.example", "/")
                        .value();
  for (const auto gone : {"evil", "content-length", "chunked", "close"})
    EXPECT_EQ(head.find(gone), std::string::npos) << gone;
  EXPECT_NE(head.find("X-Kept: yes\r\n"), std::string::npos);
}

TEST(request_head, what_http_needs_may_be_given_by_the_user) {
  const auto head = request_head(post({{"accept", "text/plain"}, {"accept-encoding", "identity"}}), "h", "/").value();
  EXPECT_EQ(head.find("*/*"), std::string::npos);
  EXPECT_EQ(head.find("gzip"), std::string::npos);
}

TEST(request_head, a_request_that_would_be_split_is_not_sent) {
  EXPECT_FALSE(request_head(post({{"X-A", "1\r\nX-B: 2"}}), "h", "/").has_value());
  EXPECT_FALSE(request_head(post({{"X A", "1"}}), "h", "/").has_value());
  EXPECT_FALSE(request_head({"POST / HTTP/1.1\r\nX: ", "u", {}, ""}, "h", "/").has_value());
}

} // namespace cued::http::client
