#pragma once

#include <string>
#include <vector>

#include "domain/instant.hpp"
#include "persistence/users.hpp"
#include "security/account_key.hpp"

namespace cued::http {

/// A user row as registration, device login and the internal upsert begin with it. The row holds no copy of the key;
/// who wants one says where (`key.encrypted`).
struct new_account {
  persistence::new_user row;
  security::account_key key;
};

/// `email` is normalised. Source: spec/auth.md §2.1.
[[nodiscard]] new_account make_account(const std::string& email, const security::key_vault& keys,
                                       security::random_source& random, instant now);

/// The slugs to try for this address, the plain one first.
[[nodiscard]] std::vector<std::string> slugs_for(const std::string& email, security::random_source& random);

} // namespace cued::http
