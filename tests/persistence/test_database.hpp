#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

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
  temporary_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "cued-test-XXXXXX").string();
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

  [[nodiscard]] std::string fresh_name() { return "test_" + std::to_string(++made_); }

  [[nodiscard]] persistence::embedded_cluster& cluster() { return *cluster_; }

private:
  test_cluster() {
    auto opened = persistence::embedded_cluster::open({home_.path() / "data", "", true});
    if (!opened)
      throw std::runtime_error(opened.error().message);
    cluster_ = std::move(*opened);
    administer(std::string{"CREATE DATABASE "} + template_database);
    if (const auto migrated = persistence::migrate(options(template_database)); !migrated)
      throw std::runtime_error(migrated.error().message);
  }

  temporary_directory home_;
  std::unique_ptr<persistence::embedded_cluster> cluster_;
  std::atomic<int> made_ = 0;
};

/// A database of its own for one test: the whole schema, no rows. Gone with this object, whoever is still connected.
///
///   cued::test::test_database database;
///   cued::persistence::connection link{database.options()};
///   database.exec("INSERT INTO ...");
class test_database {
public:
  test_database() : test_database(test_cluster::template_database) {}

  /// Without any table: for tests of the migrations.
  static test_database without_schema() { return test_database{"template0"}; }

  ~test_database() {
    try {
      own_.reset();
      test_cluster::instance().administer("DROP DATABASE " + name_ + " WITH (FORCE)");
    } catch (const std::exception& e) {
      ADD_FAILURE() << e.what();
    }
  }
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
  explicit test_database(const std::string& source) : name_{test_cluster::instance().fresh_name()} {
    test_cluster::instance().administer("CREATE DATABASE " + name_ + " TEMPLATE " + source);
  }

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
