#include "persistence/proven_addresses.hpp"

namespace cued::persistence {
namespace {

/// Indexes: unique on users.email, proven_addresses_pkey.
constexpr named_query address_unproven{"address_unproven", R"sql(
  SELECT EXISTS (SELECT 1 FROM users u
                 WHERE u.email = $1
                   AND NOT EXISTS (SELECT 1 FROM cued.proven_addresses p WHERE p.user_id = u.id AND p.email = u.email))
)sql"};

/// Index: proven_addresses_pkey.
constexpr named_query address_prove{"address_prove", R"sql(
  INSERT INTO cued.proven_addresses (user_id, email, proven_at) VALUES ($1::uuid, $2, now())
  ON CONFLICT (user_id) DO UPDATE SET email = excluded.email, proven_at = excluded.proven_at
)sql"};

/// Hourly. There is no foreign key to lean on. Indexes: none for the scan, users_pkey.
constexpr named_query orphaned_proofs_delete{"orphaned_proofs_delete", R"sql(
  DELETE FROM cued.proven_addresses p WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = p.user_id)
)sql"};

} // namespace

bool address_is_unproven(session& within, const std::string& email) {
  return within.exec(address_unproven, email)[0][0].as<bool>();
}

void note_proven_address(session& within, const std::string& user_id, const std::string& email) {
  within.exec(address_prove, user_id, email);
}

result<void> forget_proofs_of_the_gone(connection& db) {
  return db.run([&](session& s) -> result<void> {
    s.exec(orphaned_proofs_delete);
    return {};
  });
}

} // namespace cued::persistence
