#include "http/routes/new_account.hpp"

#include <gmock/gmock.h>

using namespace cued;
using namespace cued::http;
using testing::ElementsAre;

namespace {

/// Bytes 00, 01, 02, ... so that what is random can be foretold.
class counting_source final : public security::random_source {
public:
  void fill(std::span<unsigned char> bytes) override {
    for (auto& byte : bytes)
      byte = next_++;
  }

private:
  unsigned char next_ = 0;
};

} // namespace

TEST(new_account, the_plain_slug_is_tried_first_then_ever_longer_variants) {
  counting_source random;
  EXPECT_THAT(slugs_for("A.B+c_d@x.com", random), ElementsAre("a-b-c-d", "a-b-c-d-0001", "a-b-c-d-0203", "a-b-c-d-0405",
                                                              "a-b-c-d-0607", "a-b-c-d-0809", "a-b-c-d-0a0b0c0d"));
}

TEST(new_account, an_address_without_letters_is_a_user) {
  counting_source random;
  EXPECT_EQ(slugs_for("---@x.com", random).front(), "user");
}

TEST(new_account, the_row_holds_the_key_s_hash_and_nothing_that_reveals_it) {
  counting_source random;
  const auto account =
      make_account("ada@b.com", security::key_vault{"test-secret-key-32-chars-minimum"}, random, instant{});
  EXPECT_EQ(account.row.email, "ada@b.com");
  EXPECT_EQ(account.key.key, "cue_sk_000102030405060708090a0b0c0d0e0f");
  EXPECT_EQ(account.row.api_key_hash, account.key.hash);
  EXPECT_EQ(account.row.api_key_prefix, "cue_sk_00010");
  EXPECT_EQ(account.row.api_key_encrypted, std::nullopt);
  EXPECT_EQ(account.row.registered_key_encrypted, std::nullopt);
  EXPECT_EQ(account.row.webhook_secret.size(), std::string_view{"whsec_"}.size() + 64);
  EXPECT_EQ(account.row.id.size(), 36u);
}
