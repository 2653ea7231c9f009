#include "http/routes/new_account.hpp"

#include "domain/slug.hpp"
#include "security/email_address.hpp"

namespace cued::http {
namespace {

constexpr int short_suffixes = 5; // tries, each of 4 hex digits
constexpr std::size_t short_suffix_bytes = 2;
constexpr std::size_t long_suffix_bytes = 4; // the last try

} // namespace

std::vector<std::string> slugs_for(const std::string& email, security::random_source& random) {
  const auto plain = slug_from(security::local_part(email), "user");
  std::vector<std::string> slugs{plain};
  for (int i = 0; i < short_suffixes; ++i)
    slugs.push_back(slug_variant(plain, security::random_hex(random, short_suffix_bytes)));
  slugs.push_back(slug_variant(plain, security::random_hex(random, long_suffix_bytes)));
  return slugs;
}

new_account make_account(const std::string& email, const security::key_vault& keys, security::random_source& random,
                         instant now) {
  new_account made;
  made.key = keys.make(random, now);
  made.row.id = security::new_uuid(random);
  made.row.email = email;
  made.row.api_key_hash = made.key.hash;
  made.row.api_key_prefix = made.key.display;
  made.row.slugs = slugs_for(email, random);
  made.row.webhook_secret = security::new_webhook_secret(random);
  return made;
}

} // namespace cued::http
