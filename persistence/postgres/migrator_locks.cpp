#include "persistence/postgres/migrator_locks.hpp"

#include <regex>
#include <set>

namespace cued::persistence {

namespace {

/// Reason: names in a migration that are tables here and now; an alias or a table yet to be made is none.
constexpr named_query existing_tables{"migration_tables", R"sql(
  SELECT name FROM unnest($1::text[]) AS name JOIN pg_class ON oid = to_regclass(name)
  WHERE relkind IN ('r', 'p') ORDER BY name)sql"};

/// Reason: who stands in the way. A prepared transaction holds locks without any process.
constexpr named_query read_holders{"migration_holders", R"sql(
  SELECT DISTINCT coalesce(a.pid::text || ' ' || a.xact_start, 'none ' || l.virtualtransaction),
         a.pid, a.application_name, a.usename, a.state, extract(epoch FROM clock_timestamp() - a.xact_start)::bigint,
         left(a.query, 100)
  FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.relation IN (SELECT to_regclass(name) FROM unnest($1::text[]) AS name)
    AND (a.xact_start IS NULL OR a.xact_start < clock_timestamp() - $2 * interval '1 millisecond')
  ORDER BY 1)sql"};

std::string array_of(const std::vector<std::string>& names) {
  array_builder out;
  for (const auto& name : names)
    out.add(name);
  return std::move(out).str();
}

std::string described(const pqxx::row& holder) {
  if (holder[1].is_null())
    return "a prepared transaction (pg_prepared_xacts)";
  std::string out = "process " + holder[1].as<std::string>() + " (\"" + holder[2].as<std::string>("") + "\"";
  if (!holder[3].is_null())
    out += " of user " + holder[3].as<std::string>();
  if (!holder[4].is_null())
    out += ", " + holder[4].as<std::string>();
  if (!holder[5].is_null())
    out += ", " + holder[5].as<std::string>() + " s";
  if (!holder[6].is_null())
    out += ": " + holder[6].as<std::string>();
  return out + ")";
}

} // namespace

std::vector<std::string> tables_changed_by(session& s, const std::vector<const migration*>& pending) {
  static const std::regex changed{R"((?:ALTER TABLE|ON) (?:IF EXISTS )?([a-z_]+(?:\.[a-z_]+)?))"};
  std::set<std::string> names;
  for (const auto* one : pending) {
    const std::string text{one->sql};
    for (std::sregex_iterator match{text.begin(), text.end(), changed}, end; match != end; ++match)
      names.insert((*match)[1].str());
  }
  std::vector<std::string> tables;
  for (const auto& row : s.exec(existing_tables, array_of({names.begin(), names.end()})))
    tables.push_back(row[0].as<std::string>());
  return tables;
}

result<void> hold_tables(session& s, const std::vector<std::string>& tables, std::chrono::milliseconds at_most) {
  if (tables.empty())
    return {};
  std::string list;
  for (const auto& table : tables)
    list += (list.empty() ? "" : ", ") + table;
  // lock_timeout would count for each table anew.
  s.exec_text("SET LOCAL statement_timeout = " + std::to_string(at_most.count()));
  try {
    s.exec_text("LOCK TABLE " + list + " IN ACCESS EXCLUSIVE MODE");
  } catch (const pqxx::sql_error& e) {
    const std::string state = e.sqlstate();
    if (state != "57014" && state != "55P03" && state != "40P01") // too long, or a circle of waiting
      throw;
    return fail(503, "tables_in_use", "the tables this version has to change are in use");
  }
  s.exec_text("SET LOCAL statement_timeout = 0");
  return {};
}

std::vector<table_holder> holders_of(session& s, const std::vector<std::string>& tables,
                                     std::chrono::milliseconds longer_than) {
  std::vector<table_holder> holders;
  for (const auto& row : s.exec(read_holders, array_of(tables), longer_than.count()))
    holders.push_back({row[0].as<std::string>(), described(row)});
  return holders;
}

} // namespace cued::persistence
