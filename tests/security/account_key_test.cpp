#include "security/account_key.hpp"

#include <gtest/gtest.h>

#include "security/api_key.hpp"

using namespace cued;
using namespace cued::security;

namespace {

const std::string secret = "test-secret-key-32-chars-minimum";
const instant now{std::chrono::seconds{1767323045}};

} // namespace

TEST(account_key, a_new_key_can_be_revealed_while_it_is_in_force) {
  system_random random;
  const key_vault vault{secret};
  const auto made = vault.make(random, now);
  EXPECT_EQ(made.hash, api_key_hash(made.key));
  EXPECT_EQ(made.display, made.key.substr(0, 12));
  EXPECT_EQ(vault.reveal(made.encrypted, made.hash), made.key);
}

TEST(account_key, a_copy_of_a_replaced_key_is_not_revealed) {
  system_random random;
  const key_vault vault{secret};
  const auto old_key = vault.make(random, now);
  const auto key_in_force = vault.make(random, now);
  EXPECT_EQ(vault.reveal(old_key.encrypted, key_in_force.hash), std::nullopt);
}

TEST(account_key, another_secret_reveals_nothing) {
  system_random random;
  const auto made = key_vault{secret}.make(random, now);
  EXPECT_EQ(key_vault{"another-secret"}.reveal(made.encrypted, made.hash), std::nullopt);
  EXPECT_EQ(key_vault{secret}.reveal(std::nullopt, made.hash), std::nullopt);
}

TEST(account_key, without_a_secret_there_is_no_copy) {
  system_random random;
  const key_vault vault{""};
  const auto made = vault.make(random, now);
  EXPECT_EQ(made.encrypted, std::nullopt);
  EXPECT_EQ(vault.reveal("gAAAA", made.hash), std::nullopt);
}
