#include "security/digest.hpp"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "security/api_key.hpp"
#include "security/hex.hpp"

namespace cued::security {
namespace {

std::string hmac_hex(std::string_view key, std::initializer_list<std::string_view> parts) {
  return to_hex(hmac_sha256(key, parts));
}

TEST(digest, sha1_agrees_with_published_vectors) { // FIPS 180-4, examples
  EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(sha1_hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

TEST(digest, sha256_agrees_with_published_vectors) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("[1,2]"), "49a64717d5d4cb19952e6eac2946415cf6879adacf9908e7d872332d32c6e684"); // spec/http.md §8
}

TEST(digest, hmac_agrees_with_rfc_4231) {
  EXPECT_EQ(hmac_hex("Jefe", {"what do ya want for nothing?"}),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac_hex(std::string(131, '\xAA'), {"Test Using Larger Than Block-Size Key - Hash Key First"}),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(digest, the_parts_of_a_message_are_one_message) {
  EXPECT_EQ(hmac_sha256("k", {"a", "", "bc"}), hmac_sha256("k", {"abc"}));
}

TEST(digest, an_empty_key_is_not_the_key_of_last_time) {
  const auto empty = hmac_hex("", {"message"});
  EXPECT_EQ(empty, "eb08c1f56d5ddee07f7bdf80468083da06b64cf4fac64fe3a90883df5feacae4");
  EXPECT_NE(hmac_hex("key", {"message"}), empty);
  EXPECT_EQ(hmac_hex(std::string_view(), {"message"}), empty);
}

TEST(digest, threads_do_not_share_contexts) {
  const auto expected = hmac_sha256("key", {"message"});
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t t = 0; t < wrong.size(); ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i)
        if (hmac_sha256("key", {"message"}) != expected || hmac_sha256(std::to_string(t), {"x"}) == expected)
          ++wrong[t];
    });
  for (auto& t : threads)
    t.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(digest, comparison_looks_at_every_byte) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  for (const std::string_view other : {"abd", "bbc", "ab", "abcd", ""})
    EXPECT_FALSE(equal_in_constant_time("abc", other)) << other;
}

// spec/auth.md §1.2
TEST(api_key, is_kept_as_hash_and_display_prefix) {
  constexpr std::string_view key = "cue_sk_00112233445566778899aabbccddeeff";
  EXPECT_EQ(api_key_hash(key), "f3b01785fa0e8cb32e866d00fb82865d9d02c63fe68dac8c32f2150343448db1");
  EXPECT_EQ(api_key_display(key), "cue_sk_00112");
  EXPECT_EQ(api_key_display("cue_sk_"), "cue_sk_");
}

} // namespace
} // namespace cued::security
