#include "security/signature.hpp"

#include <gtest/gtest.h>

#include "domain/json/value.hpp"

namespace cued::security {
namespace {

struct vector {
  std::string secret;
  std::int64_t timestamp;
  std::string_view body;
  std::string_view value;
};

std::string repeated(std::string_view text, int times) {
  std::string out;
  while (times-- > 0)
    out += text;
  return out;
}

// spec/delivery.md §5.2, spec/security.md §2.2
const vector vectors[] = {
    {"whsec_" + repeated("0", 64), 1700000000,
     R"({"attempt": 1, "cue_id": "cue_abc123def456", "execution_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "name": "daily", "payload": {}, "scheduled_for": "2026-03-20T09:00:00+00:00"})",
     "v1=45392ee569476b952b33669298a3b0728ca844f197756b855e824f3aec8ac109"},
    {"whsec_" + repeated("ab", 32), 1700000000,
     R"({"attempt": 3, "cue_id": "cue_abc123def456", "execution_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "name": "Z\u00fcrich \"\u00df\" \ud83d\ude00", "payload": {"": 0, "Z": "x", "a": "\u00e9\ud83d\ude00\"\\/\n\t\u007f\u2028<&>", "b": {"A": [1, 2.5, 1000.0, true, null], "z": 1}, "f": 1.0, "g": 1e-05, "h": 1e+16, "i": 123456789.125, "j": 1e+22, "k": 0.1, "l": 1.5e+300, "m": 5e-324, "n": 12345678901234567890, "\u00e9": -0.0}, "scheduled_for": "2026-03-20T09:00:00.000123+00:00"})",
     "v1=28711ad5a57eeb4de7b7891b7db8262ce69e5551d5952dc9f8c7f02fed60e9f0"},
    {"", 1700000000,
     R"({"attempt": 1, "cue_id": "c", "execution_id": "e", "name": "", "payload": {}, "scheduled_for": "2026-03-20T09:00:00+00:00"})",
     "v1=434cbf761b05816f55cb6c925f0d6eed41d664dd71a910526740262cdf72cd10"},
    {"whsec_" + repeated("0123456789abcdef", 4), 1767323045,
     R"({"attempt": 1, "cue_id": "cue_abcdefghijkl", "execution_id": "11111111-2222-4333-8444-555555555555", "name": "n\u00e4me", "payload": {"B": true, "a": "h\u00e9llo \ud83d\ude00 \u007f / \u2028 \"q\"", "e": {}, "f": [1.0, 1e-07, 123456.789, 10000000000000000000000], "l": [], "n": null, "z": 1, "\uffff": 2, "\ud83d\ude00": 3}, "scheduled_for": "2026-01-02T03:04:05+00:00"})",
     "v1=74fe88b2db1a99dc8761f62a6962b1e68e0d78e7ec2c2ad66c4b94d8bdc434a7"},
    {"whsec_" + repeated("0123456789abcdef", 4), 1767323045, "{}",
     "v1=1f1f2776e31f17fd09bad247e51fbc69e1ea5f7e92e0dc289152c70c846c310b"},
    {"", 1767323045, R"({"attempt": 1})", "v1=0c70dc083bbc5bc03abbae75e0a054a6ab6498cc1831d3faad931ef1593dbde0"},
};

TEST(signature, agrees_with_every_vector) {
  for (const auto& v : vectors) {
    const auto s = sign(v.secret, v.timestamp, v.body);
    EXPECT_EQ(s.timestamp, std::to_string(v.timestamp));
    EXPECT_EQ(s.value, v.value) << v.body;
  }
}

TEST(signature, a_receiver_that_serialises_the_body_again_gets_the_same_bytes) {
  for (const auto& v : vectors) {
    const auto parsed = json::parse(v.body);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(json::canonical(*parsed), v.body);
  }
}

TEST(signature, is_good_for_five_minutes_either_way) {
  const auto s = sign("secret", 1000, "body");
  for (const std::int64_t now : {700, 701, 1000, 1299, 1300})
    EXPECT_TRUE(verify("secret", s.timestamp, s.value, "body", now)) << now;
  for (const std::int64_t now : {699, 1301})
    EXPECT_FALSE(verify("secret", s.timestamp, s.value, "body", now)) << now;
}

TEST(signature, covers_time_body_and_secret) {
  const auto s = sign("secret", 1000, "body");
  EXPECT_FALSE(verify("secret", "1001", s.value, "body", 1000));
  EXPECT_FALSE(verify("secret", s.timestamp, s.value, "body ", 1000));
  EXPECT_FALSE(verify("Secret", s.timestamp, s.value, "body", 1000));
  EXPECT_FALSE(verify("secret", s.timestamp, s.value.substr(3), "body", 1000));
  EXPECT_FALSE(verify("secret", s.timestamp, "", "body", 1000));
}

TEST(signature, a_timestamp_that_is_no_integer_is_refused) {
  for (const std::string_view timestamp : {"", " 1000", "1000 ", "1e3", "1000.0", "now", "99999999999999999999"})
    EXPECT_FALSE(verify("secret", timestamp, sign("secret", 1000, "body").value, "body", 1000)) << timestamp;
}

} // namespace
} // namespace cued::security
