#include "persistence/postgres/catalog.hpp"

#include <map>
#include <set>
#include <utility>

namespace cued::persistence {

namespace {

/// Reason: the columns as they are, to compare with those expected. Index: pg_attribute_relid_attnum_index.
constexpr named_query read_columns{"catalog_columns", R"sql(
  SELECT c.relname, a.attname,
         replace(replace(format_type(a.atttypid, a.atttypmod), 'character varying', 'varchar'),
                 'timestamp with time zone', 'timestamptz'),
         a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND a.attgenerated = ''
  FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  ORDER BY c.relname, a.attnum)sql"};

/// Reason: what is unique, under whatever name; an index whose concurrent building failed is not valid and no help.
/// Index: pg_index_indrelid_index.
constexpr named_query read_keys{"catalog_keys", R"sql(
  SELECT c.relname, string_agg(a.attname, ', ' ORDER BY k.position), i.indpred IS NOT NULL
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'public'::regnamespace
  CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position)
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
  WHERE i.indisunique AND i.indisvalid AND k.position <= i.indnkeyatts
  GROUP BY i.indexrelid, c.relname, i.indpred IS NOT NULL)sql"};

struct found_column {
  std::string type;
  bool needs_a_value = false;
};
using found_table = std::map<std::string, found_column>;

std::map<std::string, found_table> columns_of(session& s) {
  std::map<std::string, found_table> found;
  for (const auto& row : s.exec(read_columns))
    found[row[0].as<std::string>()][row[1].as<std::string>()] = {row[2].as<std::string>(), row[3].as<bool>()};
  return found;
}

bool accepts(std::string_view types, std::string_view type) {
  while (!types.empty()) {
    const auto end = std::min(types.find('|'), types.size());
    if (types.substr(0, end) == type)
      return true;
    types.remove_prefix(std::min(end + 1, types.size()));
  }
  return false;
}

/// Where a missing column is noted; nowhere if it may be missing.
std::vector<std::string>* list_of(column_origin origin, catalog_difference& difference) {
  switch (origin) {
  case column_origin::reference:
    return &difference.missing;
  case column_origin::repair:
    return &difference.missing_repairs;
  case column_origin::own:
    return &difference.missing_own;
  case column_origin::leftover:
    break;
  }
  return nullptr;
}

void compare_columns(std::map<std::string, found_table>& found, catalog_difference& difference) {
  std::set<std::string> missing_tables;
  for (const auto& expected : expected_columns()) {
    const auto table = found.find(expected.table);
    if (table == found.end()) {
      if (missing_tables.insert(expected.table).second)
        difference.missing.push_back(std::string{"table "} + expected.table);
      continue;
    }
    const auto name = std::string{expected.table} + "." + expected.column;
    const auto column = table->second.find(expected.column);
    if (column == table->second.end()) {
      if (auto* list = list_of(expected.origin, difference))
        list->push_back(name);
      continue;
    }
    if (!accepts(expected.types, column->second.type))
      difference.wrong.push_back(name + " is " + column->second.type + ", expected " + expected.types);
    table->second.erase(column);
  }
}

/// What is left in our tables belongs to somebody else and stays, unless no INSERT of ours could succeed.
void judge_extra_columns(const std::map<std::string, found_table>& rest, catalog_difference& difference) {
  std::set<std::string_view> ours;
  for (const auto& expected : expected_columns())
    ours.insert(expected.table);
  for (const auto& [table, columns] : rest) {
    if (!ours.contains(table))
      continue;
    for (const auto& [column, facts] : columns) {
      const auto name = table + "." + column;
      if (facts.needs_a_value)
        difference.wrong.push_back(name + " is unknown here, NOT NULL and without a default, so no row could be added");
      else
        difference.extra.push_back(name);
    }
  }
}

void compare_keys(session& s, catalog_difference& difference) {
  std::set<std::pair<std::string, std::string>> full, partial;
  for (const auto& row : s.exec(read_keys))
    (row[2].as<bool>() ? partial : full).emplace(row[0].as<std::string>(), row[1].as<std::string>());
  for (const auto& expected : expected_keys()) {
    const std::pair<std::string, std::string> key{expected.table, expected.columns};
    if (!full.contains(key) && !(expected.may_be_partial && partial.contains(key)))
      difference.wrong.push_back("there is no valid unique index on " + key.first + " (" + key.second + ")");
  }
}

} // namespace

catalog_difference compare_catalog(session& s) {
  catalog_difference difference;
  auto found = columns_of(s);
  compare_columns(found, difference);
  judge_extra_columns(found, difference);
  compare_keys(s, difference);
  return difference;
}

} // namespace cued::persistence
