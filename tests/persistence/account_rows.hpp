#pragma once

#include <string>

#include "persistence/users.hpp"
#include "tests/persistence/test_database.hpp"

namespace cued::test {

/// Two users that tests about accounts share; the last digit tells them apart.
inline const std::string ada = "11111111-1111-4111-8111-111111111111";
inline const std::string bob = "22222222-2222-4222-8222-222222222222";

/// A user about to register, complete but for what the test changes. `key` stands for the key's hash.
inline persistence::new_user registration(const std::string& id, const std::string& email, const std::string& key) {
  persistence::new_user user;
  user.id = id;
  user.email = email;
  user.api_key_hash = key;
  user.api_key_prefix = "cue_sk_00112";
  user.slugs = {email.substr(0, email.find('@')), email.substr(0, email.find('@')) + "-0f3c"};
  user.webhook_secret = "whsec_" + std::string(64, 'a');
  return user;
}

/// What the log is told where a test is about something else.
inline persistence::audit_entry some_act() { return {persistence::audit_action::account_changed}; }

/// Fixture: Ada has an account, her key's hash is `ada_hash`.
class account_test : public database_test {
protected:
  static constexpr const char* ada_hash = "hash-of-ada";

  account_test() {
    if (const auto made = persistence::insert_user(link_, registration(ada, "ada@b.com", ada_hash), some_act()); !made)
      ADD_FAILURE() << made.error().message;
  }
};

} // namespace cued::test
