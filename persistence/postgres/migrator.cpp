#include "persistence/postgres/migrator.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "persistence/postgres/catalog.hpp"
#include "persistence/postgres/migrations.hpp"

namespace cued::persistence {

// What is found decides what is done (spec/schema.md §7.1):
//
//   users | alembic_version | shape     | done
//   ------+-----------------+-----------+----------------------------------------------------------------------------
//   no    | no              | empty     | 0001: the whole schema, R included
//   any   | 035             | reference | R if something of it is missing
//   any   | 001 to 034      |           | refused: run the reference's own migrations first
//   any   | any other       |           | refused: a newer reference has been here
//   any   | none, several   |           | refused
//   yes   | no              | models    | tables and columns checked, R and the missing unique index of messages added
//
// Then those of ours that cued.schema_version does not name, then the comparison of the catalog. All of that is one
// transaction: it ends with everything done and checked, or with nothing touched.

namespace {

constexpr long long migration_lock = 0x63756564'6d696772; // "cuedmigr"
constexpr int oldest_server = 130000;                     // spec/schema.md
constexpr const char* reference_head = "035";

/// Reason: nodes that start together take turns. Held until the transaction ends, however it ends.
constexpr named_query take_lock{"migration_lock", "SELECT pg_advisory_xact_lock($1)"};

/// Reason: the first look. No table of the reference is touched.
constexpr named_query look{"migration_look", R"sql(
  SELECT to_regclass('public.users') IS NOT NULL, to_regclass('public.alembic_version') IS NOT NULL,
         to_regclass('cued.schema_version') IS NOT NULL, current_setting('server_version_num')::int)sql"};

constexpr named_query read_revisions{"migration_revisions", "SELECT version_num FROM public.alembic_version LIMIT 2"};

constexpr named_query read_own_versions{"migration_own_versions", "SELECT version FROM cued.schema_version"};

constexpr named_query record_own_version{"migration_record", R"sql(
  INSERT INTO cued.schema_version (version, name, applied_at) VALUES ($1, $2, now()))sql"};

/// Reason: whether the check on executions.status still lacks the two values of R.
/// Index: pg_constraint_conrelid_contypid_conname_index.
constexpr named_query status_check_is_narrow{"migration_status_check", R"sql(
  SELECT 1 FROM pg_constraint
  WHERE conrelid = 'public.executions'::regclass AND conname = 'valid_exec_status'
    AND NOT (pg_get_constraintdef(oid) LIKE '%pending_outcome%' AND pg_get_constraintdef(oid) LIKE '%outcome_timeout%')
  )sql"};

/// Reason: rows that keep the unique index of messages from being made on tables that came from the models.
constexpr named_query repeated_idempotency_keys{"migration_repeated_keys", R"sql(
  SELECT user_id::text, idempotency_key FROM public.messages WHERE idempotency_key IS NOT NULL
  GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY 1, 2 LIMIT 5)sql"};

/// Two concurrent sends with one key must not both succeed (spec/schema.md §6); the models' tables lack it.
constexpr const char* make_idempotency_index = R"sql(
  CREATE UNIQUE INDEX IF NOT EXISTS unique_user_idempotency_key ON messages (user_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL)sql";

enum class shape { empty, reference, models };

tl::unexpected<error> refused(std::string words) { return fail(500, "migration_refused", std::move(words)); }

std::string listed(const std::vector<std::string>& items) {
  constexpr std::size_t shown_at_most = 20;
  std::string out;
  for (std::size_t i = 0; i < items.size() && i < shown_at_most; ++i)
    out += "\n  " + items[i];
  if (items.size() > shown_at_most)
    out += "\n  and " + std::to_string(items.size() - shown_at_most) + " more";
  return out;
}

const migration& numbered(const std::vector<migration>& all, int number) {
  return *std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.number == number; });
}

result<void> judge_revision(session& s) {
  const auto rows = s.exec(read_revisions);
  if (rows.size() != 1)
    return refused("the table alembic_version of this database has " +
                   std::string{rows.empty() ? "no row" : "several rows"} +
                   ", so its schema is unknown. It must hold exactly one, " + reference_head);
  const auto revision = rows[0][0].as<std::string>();
  if (revision == reference_head)
    return {};
  const bool earlier = revision.size() == 3 && revision >= "001" && revision < reference_head &&
                       std::all_of(revision.begin(), revision.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (earlier)
    return refused("this database is at revision " + revision + " of cueapi-core. Bring it to " + reference_head +
                   " with cueapi-core's own migrations first (alembic upgrade head), then start cued again");
  return refused("this database is at revision '" + revision +
                 "', which cued does not know: a newer cueapi-core has "
                 "been here. Nothing was touched");
}

result<shape> judge_shape(session& s, bool has_users, bool has_revision, bool has_own) {
  if (has_revision) {
    if (auto judged = judge_revision(s); !judged)
      return fail(judged.error());
    return shape::reference;
  }
  if (has_users)
    return shape::models;
  if (has_own)
    return refused("the schema `cued` is there, but the tables are not. If they were dropped on purpose, drop that "
                   "schema as well (DROP SCHEMA cued CASCADE) and start again; otherwise restore a backup");
  return shape::empty;
}

result<std::set<int>> own_versions(session& s, bool has_own, int newest_known) {
  std::set<int> versions;
  if (has_own)
    for (const auto& row : s.exec(read_own_versions))
      versions.insert(row[0].as<int>());
  if (!versions.empty() && *versions.rbegin() > newest_known)
    return refused("this database was migrated by a newer cued (its own schema version is " +
                   std::to_string(*versions.rbegin()) + ", this program knows up to " + std::to_string(newest_known) +
                   "). Start that version, or restore a backup from before it");
  return versions;
}

/// One migration; what the server says against it becomes words for the operator.
result<void> apply(session& s, const migration& one, migration_report& report) {
  try {
    s.exec_text(std::string{one.sql});
  } catch (const pqxx::insufficient_privilege& e) {
    return refused("migration " + std::string{one.name} + " needs more rights: " + e.what() +
                   "The user of DATABASE_URL must own the tables, and may create schemas in the database and tables in "
                   "the schema public");
  } catch (const pqxx::sql_error& e) {
    const std::string state = e.sqlstate();
    if (state == "55P03")
      return refused("migration " + std::string{one.name} +
                     " could not get a table for itself within 30 seconds. Stop "
                     "whatever still works on this database (cueapi-core's api, poller and workers) and start again");
    if (state.starts_with("40") || state.starts_with("53") || state.starts_with("57P") || state.starts_with("08"))
      throw;
    return refused("migration " + std::string{one.name} + " failed: " + e.what());
  }
  report.applied.emplace_back(one.name);
  return {};
}

/// A database that the reference made, or its models: R where it is missing, once all the rest is known to be there.
result<void> repair(session& s, const std::vector<migration>& all, shape found, migration_report& report) {
  const auto difference = compare_catalog(s);
  if (!difference.missing.empty())
    return refused("this database is not one of cueapi-core " + std::string{reference_head} +
                   " (or is damaged): it lacks" + listed(difference.missing) + "\nNothing was touched");
  if (!difference.missing_repairs.empty() || !s.exec(status_check_is_narrow).empty())
    if (auto applied = apply(s, numbered(all, repairs_migration), report); !applied)
      return applied;
  if (found != shape::models)
    return {};
  std::vector<std::string> repeated;
  for (const auto& row : s.exec(repeated_idempotency_keys))
    repeated.push_back("user " + row[0].as<std::string>() + ", key " + row[1].as<std::string>());
  if (!repeated.empty())
    return refused(
        "several messages have the same user and idempotency key, so the unique index that sending relies on "
        "cannot be made. Set idempotency_key to NULL on all but one of each:" +
        listed(repeated));
  s.exec_text(make_idempotency_index);
  return {};
}

result<void> apply_own(session& s, const std::vector<migration>& all, const std::set<int>& done,
                       migration_report& report) {
  for (const auto& one : all) {
    if (one.number < first_own_migration || done.contains(one.number))
      continue;
    if (auto applied = apply(s, one, report); !applied)
      return applied;
    s.exec(record_own_version, one.number, std::string{one.name});
  }
  return {};
}

result<void> verify(session& s, migration_report& report) {
  const auto difference = compare_catalog(s);
  auto faults = difference.wrong;
  for (const auto* missing : {&difference.missing, &difference.missing_repairs, &difference.missing_own})
    for (const auto& name : *missing)
      faults.push_back(name + " is missing");
  if (!faults.empty())
    return refused("the tables of this database are not what cued works with:" + listed(faults) +
                   "\nNothing was touched");
  for (const auto& name : difference.extra)
    report.notes.push_back("column " + name + " is not cued's and is left alone");
  return {};
}

std::string described(shape found, const std::set<int>& own) {
  if (!own.empty())
    return "cued " + std::to_string(*own.rbegin());
  switch (found) {
  case shape::empty:
    return "empty";
  case shape::reference:
    return std::string{"reference "} + reference_head;
  case shape::models:
    break;
  }
  return "model tables";
}

result<migration_report> migrate_in(session& s) {
  // Long enough for another node's migrations, and lock_timeout applies to tables only after the turn has come.
  s.exec_text("SET LOCAL search_path = public");
  s.exec(take_lock, migration_lock);
  s.exec_text("SET LOCAL lock_timeout = '30s'");
  const auto seen = s.exec(look);
  if (seen[0][3].as<int>() < oldest_server)
    return refused("this server is PostgreSQL " + std::to_string(seen[0][3].as<int>() / 10000) +
                   "; cued needs 13 or later");
  const bool has_own = seen[0][2].as<bool>();
  const auto all = migrations();
  const auto found = judge_shape(s, seen[0][0].as<bool>(), seen[0][1].as<bool>(), has_own);
  if (!found)
    return fail(found.error());
  const auto own = own_versions(s, has_own, all.back().number);
  if (!own)
    return fail(own.error());
  migration_report report{described(*found, *own), {}, {}};
  auto based = *found == shape::empty ? apply(s, numbered(all, reference_schema_migration), report)
                                      : repair(s, all, *found, report);
  if (!based)
    return fail(based.error());
  if (auto applied = apply_own(s, all, *own, report); !applied)
    return fail(applied.error());
  if (auto verified = verify(s, report); !verified)
    return fail(verified.error());
  return report;
}

} // namespace

result<migration_report> migrate(const connection_options& options) {
  auto patient = options;
  patient.statement_timeout_seconds = 0; // an index on a large table takes as long as it takes
  connection link{patient};
  return link.in_transaction([](session& s) { return migrate_in(s); });
}

} // namespace cued::persistence
