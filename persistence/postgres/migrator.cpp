#include "persistence/postgres/migrator.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include <spdlog/spdlog.h>

#include "persistence/postgres/catalog.hpp"
#include "persistence/postgres/migrations.hpp"
#include "persistence/postgres/migrator_locks.hpp"

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
// transaction: it ends with everything done and checked, or with nothing touched. It begins with a lock on all tables
// that are to be changed. If that is not to be had at once, the transaction ends, and another begins when those who
// hold the tables are gone.

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

/// Reason: between two looks at who holds the tables. In the server, so that the loss of the connection is noticed.
constexpr named_query rest_a_moment{"migration_rest", "SELECT pg_sleep(0.2)"};

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

constexpr named_query idempotency_index_is_there{"migration_idempotency_index", R"sql(
  SELECT 1 WHERE to_regclass('public.unique_user_idempotency_key') IS NOT NULL)sql"};

/// Two concurrent sends with one key must not both succeed (spec/schema.md §6); the models' tables lack it.
constexpr migration idempotency_index{0, "the index on idempotency keys", R"sql(
  CREATE UNIQUE INDEX IF NOT EXISTS unique_user_idempotency_key ON messages (user_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL)sql"};

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
result<void> apply(session& s, const migration& one) {
  try {
    s.exec_text(std::string{one.sql});
  } catch (const pqxx::insufficient_privilege& e) {
    return refused("migration " + std::string{one.name} + " needs more rights: " + e.what() +
                   "The user of DATABASE_URL must own the tables, and may create schemas in the database and tables in "
                   "the schema public");
  } catch (const pqxx::sql_error& e) {
    const std::string state = e.sqlstate();
    if (state == "55P03")
      return fail(503, "tables_in_use", "migration " + std::string{one.name} + " could not get a table for itself");
    if (state.starts_with("40") || state.starts_with("53") || state.starts_with("57P") || state.starts_with("08"))
      throw;
    return refused("migration " + std::string{one.name} + " failed: " + e.what());
  }
  return {};
}

/// The missing unique index of messages, once no rows stand in its way.
result<bool> needs_idempotency_index(session& s) {
  if (!s.exec(idempotency_index_is_there).empty())
    return false;
  std::vector<std::string> repeated;
  for (const auto& row : s.exec(repeated_idempotency_keys))
    repeated.push_back("user " + row[0].as<std::string>() + ", key " + row[1].as<std::string>());
  if (!repeated.empty())
    return refused(
        "several messages have the same user and idempotency key, so the unique index that sending relies on "
        "cannot be made. Set idempotency_key to NULL on all but one of each:" +
        listed(repeated));
  return true;
}

/// What has to be run, in order. On tables of the reference R only once all the rest is known to be there.
result<std::vector<const migration*>> pending_of(session& s, const std::vector<migration>& all, shape found,
                                                 const std::set<int>& done) {
  std::vector<const migration*> pending;
  if (found == shape::empty) {
    pending.push_back(&numbered(all, reference_schema_migration));
  } else {
    const auto difference = compare_catalog(s);
    if (!difference.missing.empty())
      return refused("this database is not one of cueapi-core " + std::string{reference_head} +
                     " (or is damaged): it lacks" + listed(difference.missing) + "\nNothing was touched");
    if (!difference.missing_repairs.empty() || !s.exec(status_check_is_narrow).empty())
      pending.push_back(&numbered(all, repairs_migration));
  }
  if (found == shape::models) {
    const auto needed = needs_idempotency_index(s);
    if (!needed)
      return fail(needed.error());
    if (*needed)
      pending.push_back(&idempotency_index);
  }
  for (const auto& one : all)
    if (one.number >= first_own_migration && !done.contains(one.number))
      pending.push_back(&one);
  return pending;
}

/// The same; definitions are not to be had of a table that somebody has for himself (VACUUM FULL).
result<std::vector<const migration*>> look_for_pending(session& s, const std::vector<migration>& all, shape found,
                                                       const std::set<int>& done) {
  try {
    return pending_of(s, all, found, done);
  } catch (const pqxx::sql_error& e) {
    if (e.sqlstate() != "55P03")
      throw;
    return fail(503, "tables_in_use", "a table cannot be looked at");
  }
}

result<void> apply_all(session& s, const std::vector<const migration*>& pending, migration_report& report) {
  for (const auto* one : pending) {
    if (auto applied = apply(s, *one); !applied)
      return applied;
    if (one->number >= first_own_migration)
      s.exec(record_own_version, one->number, std::string{one->name});
    if (one->number > 0)
      report.applied.emplace_back(one->name);
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

/// One try. `tables` is what it wants for itself, for whoever has to find out why it did not get it.
result<migration_report> migrate_in(session& s, std::chrono::milliseconds each_try, std::vector<std::string>& tables) {
  // Long enough for another node's migrations; the limits on waiting for tables begin after the turn has come.
  s.exec_text("SET LOCAL search_path = public");
  s.exec(take_lock, migration_lock);
  s.exec_text("SET LOCAL lock_timeout = " + std::to_string(each_try.count()));
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
  tables = {"public.executions"};
  const auto pending = look_for_pending(s, all, *found, *own);
  if (!pending)
    return fail(pending.error());
  tables = tables_changed_by(s, *pending);
  if (auto held = hold_tables(s, tables, each_try); !held)
    return fail(held.error());
  migration_report report{described(*found, *own), {}, {}};
  if (auto applied = apply_all(s, *pending, report); !applied)
    return fail(applied.error());
  if (auto verified = verify(s, report); !verified)
    return fail(verified.error());
  return report;
}

using steady = std::chrono::steady_clock;

result<std::vector<table_holder>> look_for_holders(connection& link, const std::vector<std::string>& tables,
                                                   std::chrono::milliseconds longer_than) {
  return link.run([&](session& s) -> result<std::vector<table_holder>> { return holders_of(s, tables, longer_than); });
}

std::string words_of(const std::vector<table_holder>& holders) {
  std::vector<std::string> words;
  for (const auto& one : holders)
    words.push_back(one.words);
  return listed(words);
}

bool any_is_left(const std::vector<table_holder>& before, const std::vector<table_holder>& now) {
  return std::any_of(before.begin(), before.end(), [&](const auto& one) {
    return std::any_of(now.begin(), now.end(), [&](const auto& other) { return other.identity == one.identity; });
  });
}

/// Until those who hold the tables now are gone. Others may use them all the while.
result<void> wait_beside(connection& link, const std::vector<std::string>& tables, const migration_patience& patience,
                         steady::time_point until) {
  const auto first = look_for_holders(link, tables, patience.each_try);
  if (!first)
    return fail(first.error());
  if (!first->empty())
    spdlog::warn("the tables this version has to change are in use; waiting, and nobody waits for us:{}",
                 words_of(*first));
  for (auto now = *first; any_is_left(*first, now);) {
    if (patience.asked_to_stop && patience.asked_to_stop())
      return fail(503, "stopped", "asked to stop before the database was brought to the schema of this version");
    if (steady::now() >= until)
      return refused("the tables this version has to change were in use for " +
                     std::to_string(patience.in_all.count()) + " seconds, and still are:" + words_of(now) +
                     "\nNothing was touched. Wait for its end or end it (SELECT pg_terminate_backend(process)), and "
                     "start again. Programs that work on this database all the time (cueapi-core's api, poller and "
                     "workers) have to be stopped first");
    auto rested = link.run([](session& s) -> result<void> {
      s.exec(rest_a_moment);
      return {};
    });
    if (!rested)
      return rested;
    auto again = look_for_holders(link, tables, patience.each_try);
    if (!again)
      return fail(again.error());
    now = std::move(*again);
  }
  return {};
}

} // namespace

result<migration_report> migrate(const connection_options& options, const migration_patience& patience) {
  auto unhurried = options;
  unhurried.statement_timeout_seconds = 0; // an index on a large table takes as long as it takes
  connection link{unhurried};
  const auto until = steady::now() + patience.in_all;
  for (;;) {
    std::vector<std::string> tables;
    auto tried = link.in_transaction([&](session& s) { return migrate_in(s, patience.each_try, tables); });
    if (tried || tried.error().code != "tables_in_use")
      return tried;
    if (auto waited = wait_beside(link, tables, patience, until); !waited)
      return fail(waited.error());
    if (steady::now() >= until)
      return refused("the tables this version has to change were in use, by ever others, for " +
                     std::to_string(patience.in_all.count()) +
                     " seconds. Nothing was touched. Stop whatever still works on this database (cueapi-core's api, "
                     "poller and workers) and start again");
  }
}

} // namespace cued::persistence
