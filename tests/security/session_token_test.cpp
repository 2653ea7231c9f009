#include "security/session_token.hpp"

#include <gtest/gtest.h>

#include "security/base64url.hpp"
#include "security/digest.hpp"

namespace cued::security {
namespace {

const std::string secret = "test-secret-key-32-chars-minimum";
const std::string user = "c998881c-0ed6-4ff8-8c38-73b954988966";
constexpr std::int64_t made_at = 1767323045;

instant at(std::int64_t unix_seconds) { return instant(std::chrono::seconds(unix_seconds)); }

/// A token with any header and claims, properly signed.
std::string token_of(std::string_view header, std::string_view claims, std::string_view key = secret) {
  const auto text = to_base64url(header, padding::none) + '.' + to_base64url(claims, padding::none);
  return text + '.' + to_base64url(hmac_sha256(key, {text}), padding::none);
}

constexpr std::string_view plain_header = R"({"alg":"HS256","typ":"JWT"})";

std::string token_with(std::string_view claims) { return token_of(plain_header, claims); }

/// The user id, or the code of the refusal.
std::string outcome(std::string_view token, std::int64_t now = made_at) {
  const auto checked = session_tokens(secret).check(token, at(now));
  return checked ? *checked : checked.error().code;
}

// spec/auth.md §1.3
TEST(session_token, reproduces_the_vector) {
  EXPECT_EQ(*session_tokens(secret).make(user, "b@test.com", at(made_at)),
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJjOTk4ODgxYy0wZWQ2LTRmZjgtOGMzOC03M2I5NTQ5ODg5NjYiLCJlbWFp"
            "bCI6ImJAdGVzdC5jb20iLCJ0eXBlIjoic2Vzc2lvbiIsImlhdCI6MTc2NzMyMzA0NSwiZXhwIjoxNzY3NDA5NDQ1fQ."
            "iBeIiCUlOPBCgc6Zw-q8iJiUZjQrYLB4f8bmrq8udiQ");
}

TEST(session_token, is_good_for_a_day_and_not_a_second_longer) {
  const auto token = *session_tokens(secret).make(user, "b@test.com", at(made_at));
  EXPECT_EQ(outcome(token, made_at), user);
  EXPECT_EQ(outcome(token, made_at + 86'399), user);
  EXPECT_EQ(outcome(token, made_at + 86'400), "session_expired");
  EXPECT_EQ(outcome(token, made_at - 1), "invalid_session");
}

TEST(session_token, needs_a_secret) {
  EXPECT_EQ(session_tokens("").make(user, "b@test.com", at(made_at)).error().code, "session_unavailable");
  EXPECT_EQ(session_tokens("").check(token_of(plain_header, "{}", ""), at(made_at)).error().code, "invalid_session");
}

TEST(session_token, a_wrong_signature_or_algorithm_is_refused) {
  const std::string claims = R"({"sub":")" + user + R"(","type":"session","exp":1767409445})";
  EXPECT_EQ(outcome(token_with(claims)), user);
  EXPECT_EQ(outcome(token_of(plain_header, claims, "another secret")), "invalid_session");
  for (const std::string_view header :
       {R"({"alg":"HS512"})", R"({"alg":"none"})", R"({"alg":"hs256"})", R"({"typ":"JWT"})",
        R"({"alg":"HS256","crit":[]})", R"({"alg":null})", "[]", "", "{"})
    EXPECT_EQ(outcome(token_of(header, claims)), "invalid_session") << header;
  EXPECT_EQ(outcome(token_of(R"({"alg":"HS256","typ":"other","kid":"1"})", claims)), user);
}

TEST(session_token, what_is_no_jwt_is_refused) {
  const auto good = *session_tokens(secret).make(user, "b@test.com", at(made_at));
  for (const std::string& text : {std::string(), std::string("."), std::string(".."), std::string("..."), good + ".",
                                  "." + good, good + "=", good.substr(0, good.size() - 1), good + "A",
                                  good.substr(0, good.rfind('.')), " " + good, std::string("cue_sk_x")})
    EXPECT_EQ(outcome(text), "invalid_session") << text;
  EXPECT_EQ(outcome(token_with("[]")), "invalid_session");
  EXPECT_EQ(outcome(token_with("{\"sub\":\"\xFF\"}")), "invalid_session");
  EXPECT_EQ(outcome(token_with(std::string(100, '['))), "invalid_session");
}

struct claims_case {
  std::string claims; ///< besides `sub`
  std::string outcome;
};

// spec/auth.md §1.4, "better" where it says so
TEST(session_token, claims_are_judged_as_specified) {
  const claims_case cases[] = {
      {R"("type":"session","exp":1767409445)", user},
      {R"("type":"session","exp":1767409445.9)", user},
      {R"("type":"session","exp":"1767409445")", user},
      {R"("type":"session","exp":1767409445,"iss":"x","jti":"x","email":5,"more":{})", user},
      {R"("type":"session","exp":1767409445,"iat":1767323045,"nbf":1767323045)", user},
      {R"("type":"session","exp":99999999999999999999999)", user},
      {R"("type":"session")", "invalid_session"},
      {R"("type":"session","exp":null)", "invalid_session"},
      {R"("type":"session","exp":"soon")", "invalid_session"},
      {R"("type":"session","exp":"1767409445.5")", "invalid_session"},
      {R"("type":"session","exp":"")", "invalid_session"},
      {R"("type":"session","exp":[1767409445])", "invalid_session"},
      {R"("type":"session","exp":1767323045)", "session_expired"},
      {R"("type":"session","exp":0)", "session_expired"},
      {R"("type":"session","exp":-1e300)", "session_expired"},
      {R"("type":"other","exp":0)", "session_expired"},
      {R"("type":"session","exp":1767409445,"iat":1767323046)", "invalid_session"},
      {R"("type":"session","exp":1767409445,"iat":"x")", "invalid_session"},
      {R"("type":"session","exp":1767409445,"nbf":1767323046)", "invalid_session"},
      {R"("type":"session","exp":1767409445,"aud":"x")", "invalid_session"},
      {R"("type":"session","exp":1767409445,"jti":5)", "invalid_session"},
      {R"("type":"Session","exp":1767409445)", "invalid_session"},
      {R"("type":["session"],"exp":1767409445)", "invalid_session"},
      {R"("exp":1767409445)", "invalid_session"},
  };
  for (const auto& c : cases) {
    const auto claims = R"({"sub":")" + user + "\"," + c.claims + "}";
    EXPECT_EQ(outcome(token_with(claims)), c.outcome) << claims;
  }
}

TEST(session_token, the_subject_must_be_a_uuid_in_any_spelling) {
  const auto with_subject = [](std::string_view subject) {
    return outcome(token_with(R"({"type":"session","exp":1767409445,"sub":)" + std::string(subject) + "}"));
  };
  EXPECT_EQ(with_subject(R"("C998881C0ED64FF88C3873B954988966")"), user);
  for (const std::string_view subject : {R"("")", R"("x")", "null", "5", R"(["c998881c-0ed6-4ff8-8c38-73b954988966"])"})
    EXPECT_EQ(with_subject(subject), "invalid_session") << subject;
  EXPECT_EQ(outcome(token_with(R"({"type":"session","exp":1767409445})")), "invalid_session");
}

} // namespace
} // namespace cued::security
