#include "persistence/postgres/migrator.hpp"

#include <future>

#include <gmock/gmock.h>

#include "persistence/postgres/catalog.hpp"
#include "persistence/postgres/migrator_locks.hpp"
#include "tests/persistence/postgres/reference_shapes.hpp"

namespace cued::persistence {

namespace {

using test::test_database;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// `first` and then all migrations of ours, present ones and those to come.
std::vector<std::string> then_own(std::vector<std::string> first) {
  for (const auto& one : migrations())
    if (one.number >= first_own_migration)
      first.emplace_back(one.name);
  return first;
}

std::string newest() { return std::to_string(migrations().back().number); }

class migrator : public ::testing::Test {
protected:
  migration_report migrated() {
    auto report = migrate(database_.options());
    if (!report)
      throw std::runtime_error(report.error().message);
    return *report;
  }

  std::string refusal() {
    const auto report = migrate(database_.options());
    if (report)
      return "migrated";
    EXPECT_EQ(report.error().code, "migration_refused");
    return report.error().message;
  }

  catalog_difference difference() {
    connection link{database_.options()};
    return link.run([](session& s) -> result<catalog_difference> { return compare_catalog(s); }).value();
  }

  /// Every column, constraint and index of `public`, one per line: equal text, equal schema.
  std::string whole_schema(test_database& database) {
    return database.value(R"sql(
      SELECT string_agg(line, E'\n' ORDER BY line) FROM (
        SELECT format('%s.%s %s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull,
                      pg_get_expr(adbin, adrelid)) AS line
        FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT indexdef FROM pg_indexes WHERE schemaname = 'public') AS lines)sql");
  }

  test_database database_ = test_database::without_schema();
};

const char* const some_user = R"sql(
  INSERT INTO users (id, email, api_key_hash, api_key_prefix, plan, active_cue_limit, monthly_execution_limit,
                     monthly_message_limit, rate_limit_per_minute, slug, webhook_secret)
  VALUES ('00000000-0000-4000-8000-000000000001', 'a@b.co', 'h', 'p', 'free', 10, 300, 300, 60, 'a', 'w');
  INSERT INTO agents (id, user_id, slug, display_name)
  VALUES ('agt_1', '00000000-0000-4000-8000-000000000001', 'a', 'A'))sql";

std::string message(const std::string& id, const std::string& key) {
  return "INSERT INTO messages (id, user_id, from_agent_id, to_agent_id, thread_id, body, idempotency_key) VALUES ('" +
         id + "', '00000000-0000-4000-8000-000000000001', 'agt_1', 'agt_1', '" + id + "', 'x', '" + key + "')";
}

} // namespace

TEST_F(migrator, makes_everything_on_an_empty_database) {
  const auto report = migrated();
  EXPECT_EQ(report.found, "empty");
  EXPECT_THAT(report.applied, ElementsAreArray(then_own({"0001_reference_schema"})));
  EXPECT_THAT(report.notes, IsEmpty());
  EXPECT_EQ(database_.value("SELECT string_agg(version_num, ',') FROM alembic_version"), "035");
  EXPECT_EQ(database_.value("SELECT min(version) || ' to ' || max(version) FROM cued.schema_version"),
            "3 to " + newest());
  EXPECT_EQ(database_.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "18");
}

TEST_F(migrator, a_second_run_changes_nothing) {
  migrated();
  const auto before = whole_schema(database_);
  const auto report = migrated();
  EXPECT_EQ(report.found, "cued " + newest());
  EXPECT_THAT(report.applied, IsEmpty());
  EXPECT_EQ(whole_schema(database_), before);
}

TEST_F(migrator, a_database_of_the_reference_becomes_the_same_as_a_new_one) {
  make_reference_shape(database_);
  const auto report = migrated();
  EXPECT_EQ(report.found, "reference 035");
  EXPECT_THAT(report.applied, ElementsAreArray(then_own({"0002_repairs"})));
  EXPECT_EQ(database_.value("SELECT string_agg(version_num, ',') FROM alembic_version"), "035");
  test_database fresh;
  EXPECT_EQ(whole_schema(database_), whole_schema(fresh));
}

TEST_F(migrator, a_database_that_was_repaired_by_hand_is_taken_as_it_is) {
  database_.exec(std::string{migrations().front().sql});
  EXPECT_THAT(migrated().applied, ElementsAreArray(then_own({})));
}

TEST_F(migrator, a_status_check_without_the_two_late_values_is_widened) {
  database_.exec(std::string{migrations().front().sql});
  database_.exec(
      "ALTER TABLE executions DROP CONSTRAINT valid_exec_status, ADD CONSTRAINT valid_exec_status "
      "CHECK (status IN ('pending', 'delivering', 'success', 'failed', 'retrying', 'retry_ready', 'missed'))");
  EXPECT_THAT(migrated().applied, ElementsAreArray(then_own({"0002_repairs"})));
  EXPECT_THAT(
      database_.value("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'valid_exec_status'"),
      HasSubstr("outcome_timeout"));
}

TEST_F(migrator, rows_of_the_reference_survive_the_take_over) {
  make_reference_shape(database_);
  database_.exec(some_user);
  database_.exec("INSERT INTO cues (id, user_id, name, schedule_type) VALUES ('cue_1', "
                 "'00000000-0000-4000-8000-000000000001', 'n', 'once');"
                 "INSERT INTO executions (cue_id, scheduled_for) VALUES ('cue_1', now())");
  migrated();
  EXPECT_EQ(database_.value("SELECT status || coalesce(triggered_by, '-') FROM executions"), "pending-");
}

TEST_F(migrator, tables_of_the_models_are_completed_and_get_no_revision) {
  make_model_shape(database_);
  const auto report = migrated();
  EXPECT_EQ(report.found, "model tables");
  EXPECT_EQ(database_.value("SELECT to_regclass('alembic_version')"), "");
  EXPECT_EQ(
      database_.value("SELECT indisunique FROM pg_index WHERE indexrelid = 'unique_user_idempotency_key'::regclass"),
      "t");
  EXPECT_EQ(migrated().found, "cued " + newest());
}

TEST_F(migrator, repeated_idempotency_keys_in_tables_of_the_models_are_told) {
  make_model_shape(database_);
  database_.exec(some_user);
  database_.exec(message("msg_1", "k") + ";" + message("msg_2", "k"));
  EXPECT_THAT(refusal(), HasSubstr("key k"));
  EXPECT_EQ(database_.value("SELECT to_regclass('cued.schema_version')"), "") << "nothing was touched";
  database_.exec("UPDATE messages SET idempotency_key = NULL WHERE id = 'msg_2'");
  migrated();
}

TEST_F(migrator, somebody_elses_tables_are_refused) {
  database_.exec("CREATE TABLE users (id int)");
  EXPECT_THAT(refusal(), HasSubstr("it lacks\n  users.email"));
  EXPECT_THAT(refusal(), HasSubstr("table cues"));
}

TEST_F(migrator, earlier_later_and_broken_revisions_are_refused_with_words) {
  database_.exec("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)");
  EXPECT_THAT(refusal(), HasSubstr("no row"));
  database_.exec("INSERT INTO alembic_version VALUES ('034')");
  EXPECT_THAT(refusal(), HasSubstr("revision 034 of cueapi-core. Bring it to 035"));
  database_.exec("INSERT INTO alembic_version VALUES ('035')");
  EXPECT_THAT(refusal(), HasSubstr("several rows"));
  database_.exec("DELETE FROM alembic_version; INSERT INTO alembic_version VALUES ('036')");
  EXPECT_THAT(refusal(), HasSubstr("'036', which cued does not know"));
  database_.exec("UPDATE alembic_version SET version_num = '035'");
  EXPECT_THAT(refusal(), HasSubstr("table users"));
}

TEST_F(migrator, a_database_of_a_newer_cued_is_refused) {
  migrated();
  database_.exec("INSERT INTO cued.schema_version (version, name) VALUES (9999, 'later')");
  EXPECT_THAT(refusal(),
              HasSubstr("newer cued (its own schema version is 9999, this program knows up to " + newest() + ")"));
}

TEST_F(migrator, our_schema_without_the_tables_is_refused) {
  migrated();
  database_.exec("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  EXPECT_THAT(refusal(), HasSubstr("DROP SCHEMA cued CASCADE"));
  database_.exec("DROP SCHEMA cued CASCADE");
  EXPECT_EQ(migrated().found, "empty");
}

TEST_F(migrator, a_column_of_another_type_is_refused_by_name) {
  migrated();
  database_.exec("ALTER TABLE executions ALTER attempts TYPE text");
  EXPECT_THAT(refusal(), HasSubstr("executions.attempts is text, expected integer"));
}

TEST_F(migrator, a_missing_column_is_refused_by_name) {
  migrated();
  database_.exec("ALTER TABLE cues DROP COLUMN fired_count");
  EXPECT_THAT(refusal(), HasSubstr("cues.fired_count"));
}

TEST_F(migrator, a_missing_unique_index_is_refused_by_its_columns) {
  migrated();
  database_.exec(
      "DROP INDEX idx_executions_dedup; CREATE INDEX idx_executions_dedup ON executions (cue_id, scheduled_for)");
  EXPECT_THAT(refusal(), HasSubstr("no valid unique index on executions (cue_id, scheduled_for)"));
}

TEST_F(migrator, columns_of_others_are_kept_and_noted) {
  migrated();
  database_.exec("ALTER TABLE users ADD COLUMN nickname text; CREATE TABLE theirs (id int)");
  EXPECT_THAT(migrated().notes, ElementsAre(HasSubstr("users.nickname")));
}

TEST_F(migrator, a_foreign_column_that_no_insert_of_ours_could_fill_is_refused) {
  migrated();
  database_.exec("ALTER TABLE users ADD COLUMN shoe_size int NOT NULL");
  EXPECT_THAT(refusal(), HasSubstr("users.shoe_size is unknown here, NOT NULL"));
  database_.exec("ALTER TABLE users ALTER shoe_size SET DEFAULT 42");
  migrated();
}

TEST_F(migrator, leftover_columns_may_be_missing) {
  migrated();
  database_.exec("ALTER TABLE users DROP COLUMN plan_interval, DROP COLUMN stripe_customer_id");
  EXPECT_THAT(migrated().applied, IsEmpty());
}

TEST_F(migrator, values_longer_than_the_references_columns_fit) {
  make_reference_shape(database_);
  migrated();
  EXPECT_EQ(database_.value("SELECT string_agg(DISTINCT format_type(atttypid, atttypmod), ',') FROM pg_attribute WHERE "
                            "attrelid = 'executions'::regclass AND attname IN ('evidence_external_id', "
                            "'evidence_result_ref', 'evidence_result_type')"),
            "text");
}

TEST_F(migrator, nodes_that_start_together_take_turns) {
  std::vector<std::future<result<migration_report>>> nodes;
  for (int i = 0; i < 4; ++i)
    nodes.push_back(std::async(std::launch::async, [this] { return migrate(database_.options()); }));
  int from_empty = 0;
  for (auto& node : nodes) {
    const auto report = node.get();
    ASSERT_TRUE(report) << report.error().message;
    from_empty += report->found == "empty";
  }
  EXPECT_EQ(from_empty, 1);
}

TEST_F(migrator, a_user_without_rights_is_told_which_are_needed) {
  database_.exec("DROP ROLE IF EXISTS weak; CREATE ROLE weak LOGIN");
  auto options = database_.options();
  options.dsn += " user=weak";
  const auto report = migrate(options);
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, HasSubstr("needs more rights"));
  database_.exec("DROP ROLE weak");
}

TEST_F(migrator, a_server_that_is_away_is_a_503) {
  const auto report = migrate({"host=/nowhere dbname=x", "test"});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().status, 503);
}

TEST_F(migrator, the_retry_query_of_the_reference_still_has_its_index) {
  migrated();
  database_.exec("SET enable_seqscan = off");
  const auto plan =
      database_.exec("EXPLAIN SELECT id FROM executions WHERE status = 'retrying' AND next_retry <= now()");
  std::string text;
  for (const auto& row : plan)
    text += row[0].as<std::string>() + "\n";
  EXPECT_THAT(text, HasSubstr("idx_executions_retries"));
}

TEST_F(migrator, waits_beside_a_long_reader_and_goes_on_when_it_ends) {
  make_reference_shape(database_);
  pqxx::connection reader{database_.options().dsn};
  auto held = std::make_unique<pqxx::work>(reader);
  held->exec("SELECT count(*) FROM executions");
  int looks = 0;
  const migration_patience patience{.each_try = std::chrono::milliseconds{1'100}, .asked_to_stop = [&] {
                                      if (++looks == 3)
                                        held.reset();
                                      return false;
                                    }};
  const auto report = migrate(database_.options(), patience);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_GE(looks, 3);
}

TEST_F(migrator, a_reader_that_never_ends_is_named_and_nothing_is_touched) {
  make_reference_shape(database_);
  test_database fresh = test_database::without_schema();
  make_reference_shape(fresh);
  pqxx::connection reader{database_.options().dsn + " application_name=slow_report"};
  pqxx::work held{reader};
  held.exec("SELECT count(*) FROM executions");
  const auto report = migrate(database_.options(), {std::chrono::milliseconds{1'100}, std::chrono::seconds{1}, {}});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, "migration_refused");
  EXPECT_THAT(report.error().message, HasSubstr("in use for 1 seconds"));
  EXPECT_THAT(report.error().message,
              HasSubstr("process " + std::to_string(reader.backendpid()) + " (\"slow_report\""));
  EXPECT_THAT(report.error().message, HasSubstr("idle in transaction"));
  EXPECT_THAT(report.error().message, HasSubstr("SELECT count(*) FROM executions"));
  held.abort();
  EXPECT_EQ(whole_schema(database_), whole_schema(fresh));
}

TEST_F(migrator, a_signal_ends_the_waiting) {
  make_reference_shape(database_);
  pqxx::connection reader{database_.options().dsn};
  pqxx::work held{reader};
  held.exec("SELECT count(*) FROM executions");
  const auto report = migrate(database_.options(),
                              {.each_try = std::chrono::milliseconds{1'100}, .asked_to_stop = [] { return true; }});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, "stopped");
}

TEST_F(migrator, where_nothing_has_to_be_changed_nobody_is_waited_for) {
  make_model_shape(database_);
  migrated();
  pqxx::connection other{database_.options().dsn};
  pqxx::work held{other};
  held.exec("LOCK TABLE users, cues, executions, messages, cued.open_executions IN SHARE MODE");
  const auto report = migrate(database_.options(), {std::chrono::milliseconds{1'100}, std::chrono::seconds{1}, {}});
  EXPECT_TRUE(report) << report.error().message;
}

/// What a migration locks against readers or writers later than at its beginning, it would wait for with locks in hand.
TEST_F(migrator, all_tables_that_a_migration_locks_are_known_beforehand) {
  make_reference_shape(database_);
  connection link{database_.options()};
  for (const auto& one : migrations()) {
    if (one.number == reference_schema_migration)
      continue;
    const auto seen = link.in_transaction([&](session& s) -> result<void> {
      s.exec_text("SET LOCAL search_path = public");
      s.exec_text("CREATE TEMP TABLE before ON COMMIT DROP AS SELECT oid FROM pg_class");
      const auto known = tables_changed_by(s, {&one});
      s.exec_text(std::string{one.sql});
      const auto locked = s.exec_text(R"sql(
        SELECT DISTINCT CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END
        FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE l.pid = pg_backend_pid() AND c.relkind = 'r' AND n.nspname IN ('public', 'cued')
          AND c.oid IN (SELECT oid FROM before)
          AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'))sql");
      for (const auto& row : locked)
        EXPECT_THAT(known, ::testing::Contains(row[0].as<std::string>())) << one.name;
      return {};
    });
    ASSERT_TRUE(seen);
  }
}

TEST_F(migrator, what_is_open_is_found_without_reading_history) {
  migrated();
  database_.exec("SET enable_seqscan = off");
  const auto plan = database_.exec("EXPLAIN SELECT o.execution_id FROM cued.open_executions o WHERE o.cue_id = 'cue_1' "
                                   "AND o.scheduled_for <= now() ORDER BY o.scheduled_for");
  std::string text;
  for (const auto& row : plan)
    text += row[0].as<std::string>() + "\n";
  EXPECT_THAT(text, HasSubstr("open_executions_pkey"));
}

TEST_F(migrator, what_the_migrations_make_is_exactly_what_is_expected) {
  migrated();
  const auto found = difference();
  EXPECT_THAT(found.missing, IsEmpty());
  EXPECT_THAT(found.missing_repairs, IsEmpty());
  EXPECT_THAT(found.missing_own, IsEmpty());
  EXPECT_THAT(found.wrong, IsEmpty());
  EXPECT_THAT(found.extra, IsEmpty());
}

TEST(migrations, are_numbered_without_gaps) {
  const auto all = migrations();
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].number, static_cast<int>(i) + 1);
    EXPECT_FALSE(all[i].sql.empty());
  }
}

} // namespace cued::persistence
