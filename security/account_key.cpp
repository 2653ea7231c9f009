#include "security/account_key.hpp"

#include "security/api_key.hpp"

namespace cued::security {

key_vault::key_vault(std::string_view session_secret) {
  if (!session_secret.empty())
    cipher_.emplace(session_secret);
}

account_key key_vault::make(random_source& random, instant now) const {
  account_key made;
  made.key = new_api_key(random);
  made.hash = api_key_hash(made.key);
  made.display = api_key_display(made.key);
  if (cipher_) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    made.encrypted = cipher_->encrypt(made.key, seconds, random);
  }
  return made;
}

std::optional<std::string> key_vault::reveal(const std::optional<std::string>& encrypted,
                                             std::string_view hash_in_force) const {
  if (!cipher_ || !encrypted)
    return std::nullopt;
  auto key = cipher_->decrypt(*encrypted);
  if (key && api_key_hash(*key) != hash_in_force)
    return std::nullopt;
  return key;
}

} // namespace cued::security
