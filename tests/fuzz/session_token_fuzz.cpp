#include "domain/identifiers.hpp"
#include "security/base64url.hpp"
#include "security/digest.hpp"
#include "security/session_token.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: header, then claims, which are signed rightly and wrongly; the whole also as a token.
namespace {

using namespace cued::security;
using cued::fuzz::require;
using cued::fuzz::require_equal;

constexpr std::string_view secret = "a session secret";
constexpr std::string_view user_id = "7d444840-9dc0-11d1-b245-5ffdce74fad2";

void check_refusal(const cued::result<std::string>& refused) {
  require(refused.error().status == 401, "a bad token is 401");
  require(refused.error().code == "invalid_session" || refused.error().code == "session_expired",
          "a refusal has one of two codes");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const session_tokens ours{std::string{secret}}, theirs{"another"}, without{""};
  const auto now = cued::instant{std::chrono::seconds{1'770'000'000}};
  const std::string_view all{reinterpret_cast<const char*>(data), size};
  require(!ours.check(all, now) && !without.check(all, now), "nobody makes a session without the secret");

  // Signed by us, so that what is behind the signature is reached.
  cued::fuzz::input in{data, size};
  const auto header = in.line(), claims = in.rest();
  auto token = to_base64url(header, padding::none) + '.' + to_base64url(claims, padding::none);
  token += '.' + to_base64url(hmac_sha256(secret, {token}), padding::none);
  const auto user = ours.check(token, now);
  if (user) {
    require(cued::canonical_uuid(*user) == *user, "a session belongs to a user");
    require(header.find("HS256") != std::string_view::npos, "a session is signed by our algorithm");
    require(claims.find("exp") != std::string_view::npos || claims.find('\\') != std::string_view::npos,
            "a session has an end");
    require(!ours.check(token, now + std::chrono::hours{24 * 366 * 8000}) || claims.size() > 60, "and comes to it");
  } else {
    check_refusal(user);
  }
  require(!theirs.check(token, now) && !without.check(token, now), "another secret is good for nothing");

  // A good token with one byte changed.
  static const auto good = ours.make(user_id, "a@b.com", now).value();
  require_equal(ours.check(good, now).value_or("refused"), user_id, "a token of ours is good");
  if (size >= 2) {
    auto altered = good;
    altered[(data[0] * 2u + data[1]) % altered.size()] = static_cast<char>(data[size - 1]);
    require(altered == good || !ours.check(altered, now), "an altered token is none");
  }
  return 0;
}
