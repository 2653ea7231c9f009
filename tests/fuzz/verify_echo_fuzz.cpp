#include "domain/json/value.hpp"
#include "http/middleware/verify_echo.hpp"
#include "http/server/target.hpp"
#include "security/digest.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: the value of the header, then the body that is echoed.
namespace {

using cued::fuzz::require;
using cued::fuzz::require_equal;
namespace json = cued::json;

void check_answer(const std::string& before, const std::string& sent) {
  cued::http::request in;
  in.body = sent;
  cued::http::response out;
  out.body = before;
  add_echo(in, out);
  const auto answer = json::parse(out.body, 1000); // one level more than the body
  require(answer && answer->kind() == json::kind::object, "the answer is still an object");
  const auto* received = answer->find("body_received");
  const auto* hash = answer->find("body_received_sha256");
  require(received && hash, "the answer tells what was received");
  if (sent.empty()) {
    require(received->is_null(), "nothing is null");
    require_equal(hash->as_string(), cued::security::sha256_hex(""), "and has the hash of nothing");
    return;
  }
  if (const auto value = json::parse(sent)) {
    require_equal(json::canonical_utf8(*received), json::canonical_utf8(*value), "JSON comes back as it was meant");
    require_equal(hash->as_string(), cued::security::sha256_hex(json::canonical_utf8(*value)), "with the hash of that");
  } else {
    require_equal(received->as_string(), cued::http::valid_utf8(sent), "other bytes come back as text");
    require_equal(hash->as_string(), cued::security::sha256_hex(sent), "with the hash of the bytes");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cued::fuzz::input in{data, size};
  cued::http::request asked;
  asked.method = boost::beast::http::verb::post;
  asked.headers.emplace_back("X-CueAPI-Verify-Echo", in.line());
  (void)wants_echo(asked);
  check_answer("{}", std::string{in.rest()});
  check_answer(R"({"id":"cue_1"})", std::string{in.rest()});
  return 0;
}
