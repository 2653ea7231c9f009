#include <deque>
#include <string>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <spdlog/spdlog.h>

#include "http/server/response_head.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: status, media type, then `name: value` lines of which the values may be a client's words.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cued::fuzz::require;
  spdlog::set_level(spdlog::level::off); // headers that are left out are told to the log
  cued::fuzz::input in{data, size};
  cued::http::response answer;
  answer.status = 200 + static_cast<int>(static_cast<std::uint64_t>(in.number()) % 400);
  answer.content_type = in.line();
  std::deque<std::string> names; // a response refers to the names of its headers
  while (!in.empty()) {
    names.push_back("x-" + std::to_string(names.size() + 1));
    answer.headers.emplace_back(names.back(), in.line());
  }
  const auto given = names.size();
  answer.body = "{}";

  std::string head;
  cued::http::append_head(head, answer, {true, false});
  const auto message = head + (cued::http::may_have_body(answer.status) ? answer.body : "");
  boost::beast::http::response_parser<boost::beast::http::string_body> parser;
  parser.eager(true);
  parser.header_limit(1024 * 1024);
  boost::beast::error_code ec;
  std::size_t used = 0;
  while (!parser.is_done() && !ec && used < message.size())
    used += parser.put(boost::asio::buffer(message) + used, ec);
  require(!ec && used == message.size(), "an answer is one answer, to its last byte");
  const auto fields = static_cast<std::size_t>(std::distance(parser.get().begin(), parser.get().end()));
  require(fields <= 4 + given, "no header comes along that nobody asked for");
  require(parser.get().body() == (cued::http::may_have_body(answer.status) ? answer.body : ""), "the body is the body");
  return 0;
}
