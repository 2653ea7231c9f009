#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include <pqxx/pqxx>

#include "domain/error.hpp"
#include "domain/instant.hpp"

namespace cued::persistence {

/// A statement with a name: prepared once per connection, found by that name in logs, metrics and pg_stat_statements.
struct named_query {
  const char* name;
  const char* sql;
};

/// How to reach the database: a libpq connection string (`host=/run/x dbname=cued user=cued`) or URI.
struct connection_options {
  std::string dsn;
  std::string application_name = "cued";
  int statement_timeout_seconds = 30; ///< a statement that takes longer is given up; 0: never
  /// For connections whose statements find all their rows by keys: plans are loops over indexes, and stay so whatever
  /// the server believed of the tables' sizes when it made them.
  bool by_keys_only = false;
  /// A transaction between whose statements more time passes is rolled back by the server, so that a node which stands
  /// still or is cut off does not keep the others from its rows.
  int idle_transaction_seconds = 10;
};

/// The same, by_keys_only.
[[nodiscard]] inline connection_options by_keys(connection_options options) {
  options.by_keys_only = true;
  return options;
}

/// The DSN with limits on how long a server that has vanished without a word may hold a thread.
[[nodiscard]] std::string with_time_limits(const std::string& dsn);

/// What a unit of work speaks to: runs named statements, each prepared at its first use on this connection.
/// Arguments are what pqxx can turn into text (std::string, ints, bool, std::optional<T>, nullptr for NULL).
/// Throws pqxx exceptions; only code inside connection::run or connection::in_transaction sees one of these.
class session {
public:
  session(pqxx::transaction_base& work, pqxx::connection_base& link, std::unordered_set<std::string>& prepared)
      : work_{work}, link_{link}, prepared_{prepared} {}

  template <class... Args>
  pqxx::result exec(const named_query& query, Args&&... args) {
    prepare(query);
    return work_.exec_prepared(query.name, std::forward<Args>(args)...);
  }

  /// Unprepared text without parameters, for DDL and SET.
  pqxx::result exec_text(const std::string& sql) { return work_.exec(sql); }

private:
  void prepare(const named_query& query);

  pqxx::transaction_base& work_;
  pqxx::connection_base& link_;
  std::unordered_set<std::string>& prepared_;
};

/// Whether Postgres refused work of this process within the last 10 s because it has run out of something (SQLSTATE
/// class 53: a full disk, memory, connections). Reads may still succeed meanwhile. Any thread.
[[nodiscard]] bool postgres_is_short_of_resources();

/// Whether Postgres refused a statement of this process within the last 10 s because what the statement relies on is
/// not there or may not be used: somebody has changed the schema or taken rights away, or the database is a standby,
/// which takes no writes. Any thread.
[[nodiscard]] bool postgres_refuses_our_statements();

/// One connection to Postgres, used by one thread at a time. It is opened at its first use and again after it was
/// lost. Settings of each session: TimeZone UTC, jit off, generic plans, client_encoding UTF8.
///
/// A unit of work may run more than once (it is repeated after a deadlock), so it must not consume what it captures.
///
/// `run` and `in_transaction` are the border at which pqxx' exceptions become values:
///   connection lost or refused, serialization failure, shutdown, or no such table, column or right (nothing can be
///   said about the work itself, and it succeeds once that is mended) -> 503 `service_unavailable` (outcome of a commit
///   in flight is unknown to the caller, who must re-read); every other SQL error -> 500 `internal_error`, logged with
///   the statement's name. A unit of work that expects a constraint violation catches pqxx::unique_violation itself.
class connection {
public:
  explicit connection(connection_options options);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Each statement of `work` commits by itself: the right choice for a single statement.
  template <class Work>
  auto run(Work&& work) -> std::invoke_result_t<Work, session&> {
    return guarded<std::invoke_result_t<Work, session&>>([&](pqxx::connection& link) {
      pqxx::nontransaction transaction{link};
      session s{transaction, link, prepared_};
      return work(s);
    });
  }

  /// All of `work` commits together, or none of it when it throws or returns an error.
  template <class Work>
  auto in_transaction(Work&& work) -> std::invoke_result_t<Work, session&> {
    return guarded<std::invoke_result_t<Work, session&>>([&](pqxx::connection& link) {
      pqxx::work transaction{link};
      session s{transaction, link, prepared_};
      auto outcome = work(s);
      if (outcome)
        transaction.commit();
      return outcome;
    });
  }

private:
  /// Deadlocks and serialization failures roll back, so the same work may simply run again.
  static constexpr int attempts_at_most = 3;

  template <class Result, class Body>
  Result guarded(Body&& body) {
    for (int attempt = 1;; ++attempt) {
      try {
        return body(link());
      } catch (...) {
        auto explained = explain_current_exception();
        if (explained.rolled_back && attempt < attempts_at_most)
          continue;
        return fail(std::move(explained.what));
      }
    }
  }

  pqxx::connection& link(); ///< opens if needed

  struct explanation {
    error what;
    bool rolled_back = false; ///< by a conflict with others: worth another try at once
  };
  explanation explain_current_exception(); ///< classifies, logs, drops a broken link

  connection_options options_;
  std::unique_ptr<pqxx::connection> link_;
  std::unordered_set<std::string> prepared_;
};

/// Postgres' text form of a timestamptz in UTC (`2026-03-20 09:00:00.5+00`), both ways.
[[nodiscard]] instant read_instant(std::string_view text);
[[nodiscard]] std::string write_instant(instant t);

/// Text form of a Postgres array for one `unnest($n::type[])` parameter: `{"a","b",NULL}`.
class array_builder {
public:
  array_builder& add(std::string_view value);
  array_builder& add_or_null(const std::optional<std::string>& value);
  array_builder& add_null();
  [[nodiscard]] std::string str() &&;

private:
  void comma();
  std::string text_ = "{";
};

} // namespace cued::persistence
