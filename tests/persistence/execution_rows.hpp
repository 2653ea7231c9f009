#pragma once

#include <map>
#include <string>

#include "tests/persistence/account_rows.hpp"

namespace cued::test {

/// The uuid that tests know as number `n`.
inline std::string execution_id(int n) {
  auto digits = std::to_string(n);
  return "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

/// `'text'` as an SQL literal.
inline std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text)
    out += c == '\'' ? std::string{"''"} : std::string{c};
  return out + "'";
}

/// Fixture: Ada and Bob have accounts. Rows are written column by column; values are SQL expressions.
class execution_test : public account_test {
protected:
  using columns = std::map<std::string, std::string>;

  execution_test() {
    if (const auto made = persistence::insert_user(link_, registration(bob, "bob@b.com", "hash-of-bob"), some_act());
        !made)
      ADD_FAILURE() << made.error().message;
  }

  /// A recurring cue of Ada's; `given` overrides.
  void add_cue(const std::string& id, const columns& given = {}) {
    columns row{{"id", quoted(id)},
                {"user_id", quoted(ada)},
                {"name", quoted("name of " + id)},
                {"status", "'active'"},
                {"schedule_type", "'recurring'"},
                {"schedule_timezone", "'UTC'"},
                {"callback_url", "'https://example.com/hook'"},
                {"callback_method", "'POST'"},
                {"callback_headers", "'{}'"},
                {"callback_transport", "'webhook'"},
                {"payload", "'{}'"},
                {"retry_max_attempts", "3"},
                {"retry_backoff_minutes", "'[1, 5, 15]'"},
                {"run_count", "0"},
                {"fired_count", "0"},
                {"created_at", "now()"},
                {"updated_at", "now()"}};
    insert("cues", std::move(row), given);
  }

  void add_worker_cue(const std::string& id, const std::string& payload_json = "{}", const columns& given = {}) {
    columns row = given;
    row.emplace("callback_transport", "'worker'");
    row.emplace("callback_url", "NULL");
    row.emplace("payload", quoted(payload_json));
    add_cue(id, row);
  }

  /// Pending, due for `n` minutes at noon of 2026-11-24; later numbers are younger. `given` overrides.
  std::string add_execution(int n, const std::string& cue_id, const columns& given = {}) {
    const auto at = "timestamptz '2026-11-24 00:00:00+00' + interval '" + std::to_string(n) + " minutes'";
    columns row{{"id", quoted(execution_id(n))},
                {"cue_id", quoted(cue_id)},
                {"scheduled_for", at},
                {"status", "'pending'"},
                {"attempts", "0"},
                {"created_at", at},
                {"updated_at", at}};
    insert("executions", std::move(row), given);
    return execution_id(n);
  }

  std::string column(int n, const std::string& name) {
    return database_.value("SELECT " + name + " FROM executions WHERE id = " + quoted(execution_id(n)));
  }

  const instant now_ = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + std::chrono::hours{13};

private:
  void insert(const std::string& table, columns row, const columns& given) {
    for (const auto& [name, value] : given)
      row[name] = value;
    std::string names, values;
    for (const auto& [name, value] : row) {
      names += (names.empty() ? "" : ", ") + name;
      values += (values.empty() ? "" : ", ") + value;
    }
    database_.exec("INSERT INTO " + table + " (" + names + ") VALUES (" + values + ")");
  }
};

} // namespace cued::test
