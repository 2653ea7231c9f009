#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "domain/instant.hpp"
#include "security/fernet.hpp"
#include "security/random.hpp"

namespace cued::security {

/// A new API key with all that is stored of it.
struct account_key {
  std::string key;                      ///< shown once
  std::string hash;                     ///< what it is found by
  std::string display;                  ///< its first characters
  std::optional<std::string> encrypted; ///< nothing without SESSION_SECRET
};

/// Makes API keys and reveals stored ones (spec/auth.md §1.2, §1.5). Immutable; any thread.
class key_vault {
public:
  /// With an empty secret keys are made without an encrypted copy, and none can be revealed.
  explicit key_vault(std::string_view session_secret);

  [[nodiscard]] account_key make(random_source& random, instant now) const;

  /// The key in an encrypted copy, provided that it is the one in force: a copy can outlive its key where another
  /// program rotated it. Nothing also when there is no copy or it cannot be read.
  [[nodiscard]] std::optional<std::string> reveal(const std::optional<std::string>& encrypted,
                                                  std::string_view hash_in_force) const;

private:
  std::optional<fernet> cipher_;
};

} // namespace cued::security
