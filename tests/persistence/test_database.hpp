#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <stdlib.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "persistence/postgres/connection.hpp"
#include "persistence/postgres/embedded_cluster.hpp"
#include "persistence/postgres/migrator.hpp"

namespace cued::test {

/// A directory that is gone with its owner. Others may walk through it: the cluster's account has to.
class temporary_directory {
public:
  explicit temporary_directory(const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string name = (parent / "cued-test-XXXXXX").string();
    if (!::mkdtemp(name.data()))
      throw std::runtime_error("cannot make a temporary directory");
    ::chmod(name.c_str(), 0711);
    path_ = name;
  }
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

/// Memory, where there is enough of it: making and dropping a database for each test is mostly waiting for fsync.
inline std::filesystem::path quickest_parent() {
  constexpr std::uintmax_t enough_bytes = std::uintmax_t{1} << 30;
  std::error_code not_there;
  const auto memory = std::filesystem::space("/dev/shm", not_there);
  return !not_there && memory.available >= enough_bytes ? "/dev/shm" : std::filesystem::temp_directory_path();
}

/// Only the cluster that a test program shares among its tests has this name, and it is locked as long as that runs.
inline constexpr const char* test_cluster_name = "test-cluster";

/// Removes what test programs that crashed have left: clusters whose lock nobody holds any more.
inline void remove_leftovers(const std::filesystem::path& parent) {
  std::error_code unreadable;
  for (const auto& entry : std::filesystem::directory_iterator{parent, unreadable}) {
    const auto lock = entry.path() / test_cluster_name / "cued.lock";
    if (!entry.path().filename().string().starts_with("cued-test-") || !std::filesystem::exists(lock, unreadable))
      continue;
    if (const auto held = persistence::instance_lock::take(lock))
      std::filesystem::remove_all(entry.path(), unreadable);
  }
}

/// The private cluster of this test program: made at first use by embedded_cluster itself, stopped at exit (also at a
/// crash). `template_database` has been through `migrate` once and is copied for each test.
class test_cluster {
public:
  static constexpr const char* template_database = "migrated";

  static test_cluster& instance() {
    static test_cluster cluster;
    return cluster;
  }

  [[nodiscard]] persistence::connection_options options(const std::string& database) const {
    return {cluster_->dsn_for(database), "cued tests"};
  }

  void administer(const std::string& sql) {
    pqxx::connection link{cluster_->dsn_for("postgres")};
    pqxx::nontransaction{link}.exec(sql);
  }

  /// Makes a database and drops those that were given up: by now their connections are gone, and dropping one whose
  /// last connection is still closing makes the server pause for a tenth of a second.
  std::string make_database(const std::string& source) {
    const std::lock_guard lock{mutex_};
    const auto name = "test_" + std::to_string(++made_);
    administer("CREATE DATABASE " + name + " TEMPLATE " + source);
    for (const auto& given_up : std::exchange(given_up_, {}))
      administer("DROP DATABASE " + given_up + " WITH (FORCE)");
    return name;
  }

  void give_up_database(const std::string& name) {
    const std::lock_guard lock{mutex_};
    given_up_.push_back(name);
  }

  [[nodiscard]] persistence::embedded_cluster& cluster() { return *cluster_; }

private:
  test_cluster() {
    remove_leftovers(home_.path().parent_path());
    auto opened = persistence::embedded_cluster::open({home_.path() / test_cluster_name, "", true});
    if (!opened)
      throw std::runtime_error(opened.error().message);
    cluster_ = std::move(*opened);
    administer("ALTER SYSTEM SET max_wal_size = '192MB'");
    administer("ALTER SYSTEM SET min_wal_size = '64MB'");
    administer("SELECT pg_reload_conf()");
    administer(std::string{"CREATE DATABASE "} + template_database);
    if (const auto migrated = persistence::migrate(options(template_database)); !migrated)
      throw std::runtime_error(migrated.error().message);
  }

  temporary_directory home_{quickest_parent()};
  std::unique_ptr<persistence::embedded_cluster> cluster_;
  std::mutex mutex_;
  int made_ = 0;
  std::vector<std::string> given_up_;
};

/// A database of its own for one test: the whole schema, no rows. Nobody gets it again.
///
///   cued::test::test_database database;
///   cued::persistence::connection link{database.options()};
///   database.exec("INSERT INTO ...");
class test_database {
public:
  test_database() : test_database(test_cluster::template_database) {}

  /// Without any table: for tests of the migrations.
  static test_database without_schema() { return test_database{"template0"}; }

  ~test_database() { test_cluster::instance().give_up_database(name_); }
  test_database(const test_database&) = delete;
  test_database& operator=(const test_database&) = delete;

  [[nodiscard]] persistence::connection_options options() const { return test_cluster::instance().options(name_); }
  [[nodiscard]] const std::string& name() const { return name_; }

  /// Runs SQL as the test's own eyes and hands, past the code under test. Each call commits.
  pqxx::result exec(const std::string& sql) {
    if (!own_) {
      own_ = std::make_unique<pqxx::connection>(options().dsn);
      pqxx::nontransaction{*own_}.exec("SET TimeZone = 'UTC'; SET client_min_messages = warning");
    }
    return pqxx::nontransaction{*own_}.exec(sql);
  }

  /// First column of the first row as text; "" for NULL.
  std::string value(const std::string& sql) {
    const auto rows = exec(sql);
    return rows.empty() || rows[0][0].is_null() ? std::string{} : rows[0][0].as<std::string>();
  }

private:
  explicit test_database(const std::string& source) : name_{test_cluster::instance().make_database(source)} {}

  std::string name_;
  std::unique_ptr<pqxx::connection> own_;
};

/// Fixture: `database_` is empty of rows, `link_` is a connection to it.
class database_test : public ::testing::Test {
protected:
  test_database database_;
  persistence::connection link_{database_.options()};
};

} // namespace cued::test
