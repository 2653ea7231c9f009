#include "config/message_authority.hpp"

#include <gtest/gtest.h>

namespace cued::config {
namespace {

authority_choice chosen(const std::string& backend, const std::string& hook_url = "") {
  settings values;
  values.authorization_backend = backend;
  values.authz_hook_url = hook_url;
  return chosen_authority(values);
}

const std::string module_prefix = "app.services.authorization_backend:";

TEST(message_authority, nothing_named_is_the_hook_or_else_the_account) {
  EXPECT_EQ(chosen("").who, message_authority::same_tenant);
  EXPECT_EQ(chosen("", "http://hook").who, message_authority::hook);
  EXPECT_FALSE(chosen("").not_loadable);
}

TEST(message_authority, what_is_named_wins_over_the_hook) {
  for (const auto one : {message_authority::same_tenant, message_authority::everyone, message_authority::allowlist}) {
    const auto choice = chosen(module_prefix + std::string{class_name(one)}, "http://hook");
    EXPECT_EQ(choice.who, one);
    EXPECT_FALSE(choice.not_loadable);
  }
}

TEST(message_authority, what_cannot_be_loaded_is_as_if_nothing_were_named) {
  for (const std::string name :
       {"my.module:Backend", "EveryoneAuthorizationBackend", "app.services.authorization_backend",
        "app.services.authorization_backend:WebhookAuthorizationBackend",
        "app.services.authorization_backend:everyoneauthorizationbackend"}) {
    EXPECT_EQ(chosen(name).who, message_authority::same_tenant) << name;
    EXPECT_EQ(chosen(name, "http://hook").who, message_authority::hook) << name;
    EXPECT_TRUE(chosen(name).not_loadable) << name;
  }
}

} // namespace
} // namespace cued::config
